/** What every step did: the newest first, found by step, flow, outcome, time and text. */

import { useQuery } from '@tanstack/react-query'
import { Activity } from 'lucide-react'
import { get } from '~/api/http'
import { flows, runs, steps } from '~/api/queries'
import type { Page as PageOf, RunLine } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import { pick, useFilters } from '~/lists/useFilters'
import { useLiveList } from '~/lists/useLiveList'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Refused } from '~/ui/Refused'
import { RUN_COLUMNS } from './columns'
import { ReplayMany } from './ReplayMany'
import { RunFilters } from './RunFilters'

/** What the app itself filters by. */
const ASKED = ['step', 'flow', 'kind', 'outcome', 'trace', 'text', 'since', 'until', 'roots']

export default function RunsPanel() {
  const [filters] = useFilters()
  const filter = pick(filters, ...ASKED)
  const allSteps = useQuery(steps()).data ?? []
  const allFlows = useQuery(flows()).data ?? []
  const { query, items, more, failed } = useLiveList({
    head: runs({ ...filter, limit: 200 }),
    older: (cursor) => get<PageOf<RunLine>>('/runs', { ...filter, limit: 500, cursor }),
    idOf: ({ id }) => id,
  })
  const isFiltered = Object.keys(filter).length > 0
  return (
    <Page
      title="Runs"
      about="What every step did, the newest first"
      actions={<ReplayMany filter={filter} />}
      controls={<RunFilters steps={allSteps} flows={allFlows} />}
    >
      <Loaded of={query}>
        {() =>
          items.length > 0 ? (
            <div className="flex h-full flex-col">
              {failed !== null && <Refused error={failed} onRetry={more} />}
              <div className="min-h-0 flex-1">
                <DataGrid
                  label="Runs"
                  items={items}
                  columns={RUN_COLUMNS}
                  keyOf={({ id }) => id}
                  linkOf={({ traceId, id }) => ({
                    to: '/traces/$trace',
                    params: { trace: traceId },
                    search: { run: id },
                  })}
                  onEnd={more}
                />
              </div>
            </div>
          ) : isFiltered ? (
            <Empty icon={Activity} title="No run fits">
              Runs of before may be too old to be kept.
            </Empty>
          ) : (
            <Empty icon={Activity} title="Nothing ran yet" commands={firstLines(allSteps)}>
              Send a request to a route of the app, here or in Endpoints.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  )
}

/** A line that makes something run. */
function firstLines(all: { kind: string; name: string; trigger: string }[]): string[] {
  const get = all.find(({ kind, trigger }) => kind === 'api' && /^GET [^{]*$/.test(trigger))
  const cron = all.find(({ kind }) => kind === 'cron')
  const lines = []
  if (get) lines.push(`curl ${location.origin}${get.trigger.slice(4)}`)
  if (cron) lines.push(`cargo run -- cron run ${cron.name}`)
  return lines
}
