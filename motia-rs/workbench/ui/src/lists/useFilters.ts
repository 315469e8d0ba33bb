/** The filters of a panel, which stand in the address, so that a view can be sent to somebody. */

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export type Filters = Record<string, string>

/** What is set, and how to set some of it; what is set to nothing is left out of the address. */
export function useFilters(): [Filters, (changes: Record<string, string | undefined>) => void] {
  const filters = useSearch({ strict: false }) as Filters
  const navigate = useNavigate()
  const set = useCallback(
    (changes: Record<string, string | undefined>) => {
      const search = (before: Filters) => without({ ...before, ...changes })
      void navigate({ to: '.', search: search as never, replace: true })
    },
    [navigate],
  )
  return [filters, set]
}

function without(filters: Record<string, string | undefined>): Filters {
  return Object.fromEntries(
    Object.entries(filters).filter((each): each is [string, string] => Boolean(each[1])),
  )
}

/** Only these of what stands in the address. */
export function pick(filters: Filters, ...names: string[]): Filters {
  return Object.fromEntries(names.flatMap((name) => (filters[name] ? [[name, filters[name]]] : [])))
}
