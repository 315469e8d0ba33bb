/** A long list, newest first, whose first page is kept true and whose older pages are read when scrolled to. */

import { type UseQueryOptions, useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Page } from '~/api/shapes'
import { joined } from './merge'

type Options<T> = {
  /** The first page. */
  // biome-ignore lint/suspicious/noExplicitAny: the key and the answer differ from list to list
  head: UseQueryOptions<Page<T>, Error, Page<T>, any>
  /** The page below a cursor. */
  older: (cursor: string) => Promise<Page<T>>
  idOf: (item: T) => string
}

type Below = { name: string; items: unknown[]; next: string | null }

export function useLiveList<T>({ head, older, idOf }: Options<T>) {
  const name = JSON.stringify(head.queryKey)
  const query = useQuery({ ...head, placeholderData: undefined })
  const [below, setBelow] = useState<Below>({ name, items: [], next: null })
  const [failed, setFailed] = useState<unknown>(null)
  const isReading = useRef(false)

  const page = query.data
  const mine = below.name === name ? below : null
  // biome-ignore lint/correctness/useExhaustiveDependencies: how an item is named never changes
  const items = useMemo(
    () => (page ? joined(page.items, page.next !== null, (mine?.items ?? []) as T[], idOf) : []),
    [page, mine],
  )
  const isWithBelow = page !== undefined && items.length > page.items.length
  const next = isWithBelow ? (mine?.next ?? null) : (page?.next ?? null)

  const latest = useRef({ items, next, older, name })
  latest.current = { items, next, older, name }

  // What the first page showed once is kept below it when newer items push it out.
  useEffect(() => {
    if (page) setBelow({ name, items: latest.current.items, next: latest.current.next })
  }, [page, name])

  const more = useCallback(async () => {
    const { next, older, name } = latest.current
    if (next === null || isReading.current) return
    isReading.current = true
    try {
      const page = await older(next)
      if (latest.current.name !== name) return
      setBelow({ name, items: [...latest.current.items, ...page.items], next: page.next })
      setFailed(null)
    } catch (error) {
      setFailed(error)
    } finally {
      isReading.current = false
    }
  }, [])

  return { query, items, more: next === null ? undefined : more, hasMore: next !== null, failed }
}
