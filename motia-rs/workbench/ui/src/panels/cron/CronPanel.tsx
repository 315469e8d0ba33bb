/** What runs by the clock: when next, how it went, and running it now. */

import { useQuery } from '@tanstack/react-query'
import { CalendarClock } from 'lucide-react'
import { cron } from '~/api/queries'
import type { CronStep } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import { SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { Ago } from '~/ui/Ago'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { CronDrawer } from './CronDrawer'
import { LastOutcomes } from './LastOutcomes'
import { RunNow } from './RunNow'

const COLUMNS: Column<CronStep>[] = [
  {
    key: 'step',
    title: 'Step',
    width: 'minmax(10rem, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ step }) => <Text of={step} />,
  },
  {
    key: 'schedule',
    title: 'Schedule',
    width: 'minmax(10rem, 16rem)',
    cell: ({ schedule, timezone }) => (
      <>
        <Text of={schedule} isMono />
        <Text of={timezone} className="text-xs text-faint" />
      </>
    ),
  },
  {
    key: 'next',
    title: 'Next',
    width: '7rem',
    narrow: '5rem',
    cell: ({ next }) => (next ? <Ago at={next} /> : <span className="text-faint">never</span>),
  },
  { key: 'last', title: 'Last fired', width: '7rem', cell: ({ lastFired }) => <Ago at={lastFired} /> },
  {
    key: 'outcomes',
    title: 'Last runs',
    width: '9rem',
    cell: ({ lastOutcomes }) => <LastOutcomes of={lastOutcomes} />,
  },
  { key: 'run', title: '', width: '7rem', narrow: '6.5rem', cell: (step) => <RunNow step={step} /> },
]

export default function CronPanel() {
  const [filters, set] = useFilters()
  const query = useQuery(cron())
  return (
    <Page title="Cron" about="What runs by the clock" controls={<SearchFilter label="Find a schedule" />}>
      <Loaded of={query}>
        {(all) => {
          const wanted = (filters.q ?? '').toLowerCase()
          const shown = all.filter(({ step, schedule }) =>
            `${step} ${schedule}`.toLowerCase().includes(wanted),
          )
          const open = all.find(({ step }) => step === filters.step)
          return (
            <>
              {shown.length > 0 ? (
                <DataGrid
                  label="Cron steps"
                  items={shown}
                  columns={COLUMNS}
                  keyOf={({ step }) => step}
                  open={filters.step}
                  rowHeight={44}
                  linkOf={({ step }) => ({ to: '.', search: (before) => ({ ...before, step }) })}
                />
              ) : (
                <Empty
                  icon={CalendarClock}
                  title={all.length > 0 ? 'No schedule fits' : 'Nothing runs by the clock'}
                >
                  A step with a <code className="font-mono text-xs">CronConfig</code> is shown here.
                </Empty>
              )}
              {open && <CronDrawer step={open} onClose={() => set({ step: '' })} />}
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
