/** Shows what a question was answered; until then that it is read, or why it cannot be. */

import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Loading } from './Loading'
import { Refused } from './Refused'

type Props<T> = { of: UseQueryResult<T>; children: (data: T) => ReactNode }

export function Loaded<T>({ of, children }: Props<T>) {
  if (of.data !== undefined && !(of.isPlaceholderData && of.isError)) return children(of.data)
  if (of.isError) return <Refused error={of.error} onRetry={() => void of.refetch()} />
  return <Loading />
}
