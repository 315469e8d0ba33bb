/** Lets in whom the app knows. */

import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from '~/api/http'
import { app } from '~/api/queries'
import { SignIn } from './SignIn'

export function Gate({ children }: { children: ReactNode }) {
  const { error } = useQuery(app())
  return error instanceof Problem && error.status === 401 ? <SignIn /> : children
}
