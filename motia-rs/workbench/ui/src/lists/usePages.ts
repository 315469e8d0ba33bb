/** The pages of a list after its first, read as they are scrolled to. */

import { useCallback, useRef, useState } from 'react'
import type { Page } from '~/api/shapes'

type Rest<T> = { name: string; items: T[]; next: string | null; after: string | null }

/** `name` says which list it is: another name starts anew, and so does a first page that ends elsewhere. */
export function usePages<T>(
  first: Page<T> | undefined,
  name: string,
  read: (cursor: string) => Promise<Page<T>>,
) {
  const [rest, setRest] = useState<Rest<T>>({ name, items: [], next: null, after: null })
  const isReading = useRef(false)
  const isMine = rest.name === name && first !== undefined && rest.after === first.next && first.next !== null
  const next = isMine ? rest.next : (first?.next ?? null)
  const items = [...(first?.items ?? []), ...(isMine ? rest.items : [])]

  const latest = useRef({ next, read, rest: isMine ? rest.items : [], after: first?.next ?? null })
  latest.current = { next, read, rest: isMine ? rest.items : [], after: first?.next ?? null }

  const more = useCallback(async () => {
    const { next, read, rest, after } = latest.current
    if (next === null || isReading.current) return
    isReading.current = true
    try {
      const page = await read(next)
      setRest({ name, items: [...rest, ...page.items], next: page.next, after })
    } finally {
      isReading.current = false
    }
  }, [name])

  return { items, more: next === null ? undefined : more, hasMore: next !== null }
}
