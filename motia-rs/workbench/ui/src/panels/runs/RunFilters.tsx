/** Which runs are shown. */

import type { FlowInfo, StepInfo } from '~/api/shapes'
import type { Filters } from '~/lists/useFilters'
import { Button } from '~/ui/Button'
import { Choice } from '~/ui/Choice'
import { OUTCOMES } from '~/ui/OutcomeBadge'
import { Search } from '~/ui/Search'
import { SINCE, sinceOf } from './since'

type Props = {
  filters: Filters
  set: (changes: Record<string, string | undefined>) => void
  steps: StepInfo[]
  flows: FlowInfo[]
}

export function RunFilters({ filters, set, steps, flows }: Props) {
  const names = (items: { name: string }[]) => items.map(({ name }) => ({ value: name, title: name }))
  const isFiltered = Object.keys(filters).length > 0
  return (
    <>
      <Search
        label="Find in runs"
        placeholder="Text in the error, input or logs"
        value={filters.text ?? ''}
        onChange={(text) => set({ text })}
        className="w-64 max-sm:w-full"
      />
      <Choice
        label="Outcome"
        value={filters.outcome ?? ''}
        onChange={(outcome) => set({ outcome })}
        options={[{ value: '', title: 'Any outcome' }, ...OUTCOMES.map((value) => ({ value, title: value }))]}
      />
      <Choice
        label="Step"
        value={filters.step ?? ''}
        onChange={(step) => set({ step })}
        options={[{ value: '', title: 'Any step' }, ...names(steps)]}
        className="max-sm:max-w-32"
      />
      <Choice
        label="Flow"
        value={filters.flow ?? ''}
        onChange={(flow) => set({ flow })}
        options={[{ value: '', title: 'Any flow' }, ...names(flows)]}
        className="max-sm:max-w-32"
      />
      <Choice
        label="Since"
        value={filters.last ?? ''}
        onChange={(last) => set({ last, since: sinceOf(last, Date.now()) })}
        options={SINCE}
      />
      <label className="flex items-center gap-2 text-soft">
        <input
          type="checkbox"
          checked={filters.roots === 'true'}
          onChange={(event) => set({ roots: event.target.checked ? 'true' : '' })}
        />
        Roots only
      </label>
      {isFiltered && (
        <Button
          look="ghost"
          onClick={() => set(Object.fromEntries(Object.keys(filters).map((name) => [name, undefined])))}
        >
          Show all
        </Button>
      )}
    </>
  )
}
