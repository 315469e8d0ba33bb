/** Whether who looks may also change things. */

import { useQuery } from '@tanstack/react-query'
import { app } from '~/api/queries'

/** Why nothing can be changed, if nothing can. */
export function useRefused(): string | undefined {
  const { data } = useQuery(app())
  if (data?.role === 'read') return 'You may look, not change: this needs the token that operates the app.'
  return undefined
}
