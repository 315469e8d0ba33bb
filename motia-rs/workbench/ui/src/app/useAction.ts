/** Changes something: says how it went, and has what it touched read again. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Topic } from '~/api/queries'
import { tell } from './toasts'

type Options<T, V> = {
  do: (what: V) => Promise<T>
  /** What it touches. */
  touches: (Topic | 'audit' | 'flows')[]
  /** What is said when it is done; nothing where it can be seen. */
  done?: (result: T, what: V) => string | [text: string, href: string] | undefined
}

export function useAction<T, V = void>({ do: change, touches, done }: Options<T, V>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: (result, what) => {
      const said = done?.(result, what)
      if (typeof said === 'string') tell('ok', said)
      else if (said) tell('ok', ...said)
    },
    onError: (error) => tell('bad', error instanceof Error ? error.message : String(error)),
    onSettled: () =>
      Promise.all(['audit', ...touches].map((topic) => client.invalidateQueries({ queryKey: [topic] }))),
  })
}
