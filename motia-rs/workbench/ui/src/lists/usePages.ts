/** The pages of a list after its first, read as they are scrolled to. */

import type { UseQueryResult } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState } from 'react'
import type { Page } from '~/api/shapes'

type ItemOf<P extends Page<unknown>> = P['items'][number]
type Rest<P> = { name: string; pages: P[]; after: string | null }

/** `name` says which list it is: another name starts anew, and so does a first page that ends elsewhere. */
export function usePages<P extends Page<unknown>>(
  { data: first, isPlaceholderData: isOfBefore }: Pick<UseQueryResult<P>, 'data' | 'isPlaceholderData'>,
  name: string,
  read: (cursor: string) => Promise<P>,
) {
  const [rest, setRest] = useState<Rest<P>>({ name, pages: [], after: null })
  const [isReading, setReading] = useState(false)
  const after = first?.next ?? null
  const isMine = rest.name === name && rest.after === after && after !== null
  const below = isMine ? rest.pages : NONE
  const next = below.length > 0 ? (below.at(-1)?.next ?? null) : after
  const pages = useMemo(() => (first ? [first, ...below] : []), [first, below])
  const items = useMemo(() => pages.flatMap(({ items }) => items as ItemOf<P>[]), [pages])

  const latest = useRef({ next, read, below, after, isReading: false })
  latest.current = { ...latest.current, next, read, below, after }

  const more = useCallback(async () => {
    const { next, read, below, after } = latest.current
    if (next === null || latest.current.isReading) return
    latest.current.isReading = true
    setReading(true)
    try {
      const page = await read(next)
      setRest({ name, pages: [...below, page], after })
    } finally {
      latest.current.isReading = false
      setReading(false)
    }
  }, [name])

  // What another filter found is shown until this one's answer is here, and not gone on with.
  const hasMore = next !== null && !isOfBefore
  return { items, pages, isReading, more: hasMore ? more : undefined, hasMore }
}

const NONE: never[] = []
