/** The filters of a panel, each kept in the address under its name. */

import type { ReactNode } from 'react'
import { Button } from '~/ui/Button'
import { Choice } from '~/ui/Choice'
import { Search } from '~/ui/Search'
import { SINCE, sinceOf } from './since'
import { useFilters } from './useFilters'

type SearchProps = { name?: string; label: string; placeholder?: string }

/** A text that is looked for. */
export function SearchFilter({ name = 'q', label, placeholder }: SearchProps) {
  const [filters, set] = useFilters()
  return (
    <Search
      label={label}
      {...(placeholder ? { placeholder } : {})}
      value={filters[name] ?? ''}
      onChange={(text) => set({ [name]: text })}
      className="w-72 max-sm:w-full"
    />
  )
}

type Option = { value: string; title: string }
type ChoiceProps = { name: string; label: string; any: string; options: Option[] }

/** One of a few, or any of them. It is as wide whatever it offers, so that nothing moves when that is read. */
export function ChoiceFilter({ name, label, any, options }: ChoiceProps) {
  const [filters, set] = useFilters()
  return (
    <Choice
      label={label}
      value={filters[name] ?? ''}
      onChange={(value) => set({ [name]: value })}
      options={[{ value: '', title: any }, ...options]}
    />
  )
}

/** The steps, or the flows, as options. */
export function named(all: { name: string }[]): Option[] {
  return all.map(({ name }) => ({ value: name, title: name }))
}

/** How far back the list goes: `last` as it was chosen, `since` as the app is asked. */
export function SinceFilter() {
  const [filters, set] = useFilters()
  return (
    <Choice
      label="Since"
      value={filters.last ?? ''}
      onChange={(last) => set({ last, since: sinceOf(last, Date.now()) })}
      options={SINCE}
    />
  )
}

/** Something that holds or does not matter. */
export function CheckFilter({ name, children }: { name: string; children: ReactNode }) {
  const [filters, set] = useFilters()
  return (
    <label className="flex h-8 items-center gap-2 text-soft">
      <input
        type="checkbox"
        checked={filters[name] === 'true'}
        onChange={(event) => set({ [name]: event.target.checked ? 'true' : '' })}
      />
      {children}
    </label>
  )
}

/** Leaves all filters out, where there are some. */
export function ClearFilters() {
  const [filters, set] = useFilters()
  const names = Object.keys(filters)
  if (names.length === 0) return null
  return (
    <Button look="ghost" onClick={() => set(Object.fromEntries(names.map((name) => [name, undefined])))}>
      Show all
    </Button>
  )
}
