/** What the steps say, as they say it. */

import { useQuery } from '@tanstack/react-query'
import { ArrowDownToLine, Pause, Play, ScrollText } from 'lucide-react'
import { useState } from 'react'
import { steps } from '~/api/queries'
import { ChoiceFilter, named, SearchFilter, SinceFilter } from '~/lists/filters'
import { pick, useFilters } from '~/lists/useFilters'
import { plural } from '~/text/format'
import { Button } from '~/ui/Button'
import { Empty } from '~/ui/Empty'
import { Loading } from '~/ui/Loading'
import { Page } from '~/ui/Page'
import { Refused } from '~/ui/Refused'
import { LineDrawer } from './LineDrawer'
import { LogLines } from './LogLines'
import { LEVELS } from './levels'
import { useTail } from './useTail'

export default function LogsPanel() {
  const [filters, set] = useFilters()
  const [isPaused, setPaused] = useState(false)
  const allSteps = useQuery(steps()).data ?? []
  const filter = pick(filters, 'level', 'step', 'trace', 'text', 'since', 'until')
  const tail = useTail(filter, isPaused)
  const open = tail.lines.find(({ id }) => String(id) === filters.line)
  const isFiltered = Object.keys(filter).length > 0
  return (
    <Page
      title="Logs"
      about="What the steps say, as they say it"
      actions={
        <>
          {isPaused && tail.held > 0 && <span className="text-soft">{plural(tail.held, 'new line')}</span>}
          <Button icon={isPaused ? Play : Pause} aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
            {isPaused ? 'Go on' : 'Pause'}
          </Button>
        </>
      }
      controls={
        <>
          <SearchFilter name="text" label="Find in logs" placeholder="Text in the line or its fields" />
          <ChoiceFilter
            name="level"
            label="Level"
            any="All levels"
            options={LEVELS.slice(1).map((value) => ({
              value,
              title: value === 'error' ? value : `${value} and worse`,
            }))}
          />
          <ChoiceFilter name="step" label="Step" any="Any step" options={named(allSteps)} />
          <SinceFilter />
          {filters.trace && (
            <Button look="ghost" onClick={() => set({ trace: '' })}>
              Trace {filters.trace.slice(0, 8)} ×
            </Button>
          )}
        </>
      }
    >
      {tail.error ? (
        <Refused error={tail.error} />
      ) : tail.isReading ? (
        <Loading />
      ) : tail.lines.length === 0 ? (
        <Empty
          icon={isFiltered ? ArrowDownToLine : ScrollText}
          title={isFiltered ? 'No line fits yet' : 'Nothing was said yet'}
          commands={isFiltered ? [] : ['cargo run -- logs -f']}
        >
          {isFiltered
            ? 'New lines that fit are shown as they are written.'
            : 'What steps log with ctx.logger is shown here.'}
        </Empty>
      ) : (
        <LogLines
          lines={tail.lines}
          open={filters.line}
          onMore={tail.more}
          onOpen={(line) => set({ line })}
        />
      )}
      {open && <LineDrawer line={open} onClose={() => set({ line: '' })} />}
    </Page>
  )
}
