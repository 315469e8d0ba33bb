/** The one connection on which the app tells what changed. */

import { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { Changes, type Hearing } from '~/api/changes'
import { Problem } from '~/api/http'

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Changes are told; what is left alone is still true.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && error instanceof Problem && error.status === 0,
    },
  },
})

export const changes = new Changes(client)

export function useHearing(): Hearing {
  return useSyncExternalStore(changes.subscribe, changes.now)
}
