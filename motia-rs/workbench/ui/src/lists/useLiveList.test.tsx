import { QueryClient, QueryClientProvider, queryOptions, useQueryClient } from '@tanstack/react-query'
import { act, renderHook, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { expect, test } from 'vitest'
import type { Page } from '~/api/shapes'
import { useLiveList } from './useLiveList'

type Item = { id: string }

/** A list that grows at its top: `all` has the newest first. */
function listed(all: Item[], limit: number) {
  const page = (from: number): Page<Item> => {
    const items = all.slice(from, from + limit)
    return { items, next: from + limit < all.length ? (items.at(-1)?.id ?? null) : null }
  }
  const older = async (cursor: string) => page(all.findIndex(({ id }) => id === cursor) + 1)
  const head = queryOptions({ queryKey: ['list'], queryFn: async () => page(0) })
  return { head, older, idOf: ({ id }: Item) => id }
}

const numbered = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, at) => ({ id: String(from - at) }))

test('what was scrolled to stays when something new comes', async () => {
  const all = numbered(29, 10)
  const options = listed(all, 5)
  const one = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const around = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={one}>{children}</QueryClientProvider>
  )
  const { result } = renderHook(() => ({ list: useLiveList(options), client: useQueryClient() }), {
    wrapper: around,
  })
  await waitFor(() => expect(result.current.list.items).toHaveLength(5))

  await act(async () => result.current.list.more?.())
  expect(result.current.list.items).toHaveLength(10)

  all.unshift({ id: '31' }, { id: '30' })
  await act(async () => result.current.client.invalidateQueries({ queryKey: ['list'] }))
  await waitFor(() => expect(result.current.list.items).toHaveLength(12))
  expect(result.current.list.items.map(({ id }) => id)).toEqual(numbered(31, 20).map(({ id }) => id))

  await act(async () => result.current.list.more?.())
  await act(async () => result.current.list.more?.())
  expect(result.current.list.items.map(({ id }) => id)).toEqual(numbered(31, 10).map(({ id }) => id))
  expect(result.current.list.hasMore).toBe(false)
})
