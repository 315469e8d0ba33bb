/** What waits in a queue, the first to start at the top. */

import { useQuery } from '@tanstack/react-query'
import { Inbox } from 'lucide-react'
import { get, path } from '~/api/http'
import { waiting } from '~/api/queries'
import type { Page as PageOf, Waiting } from '~/api/shapes'
import { TraceLink } from '~/app/TraceLink'
import { DataGrid } from '~/lists/DataGrid'
import { CheckFilter, SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { pick, useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { count } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { traceOf } from './traceOf'

const COLUMNS: Column<Waiting>[] = [
  {
    key: 'id',
    title: 'Delivery',
    width: '7rem',
    narrow: '5rem',
    cell: ({ id }) => <Text of={id} isMono />,
  },
  {
    key: 'topic',
    title: 'Topic',
    width: 'minmax(10rem, 1fr)',
    narrow: '1fr',
    cell: ({ event }) => <Text of={event.topic} />,
  },
  {
    key: 'key',
    title: 'Key',
    width: 'minmax(6rem, 14rem)',
    cell: ({ key }) => <Text of={key ?? ''} isMono />,
  },
  {
    key: 'stands',
    title: 'Stands',
    width: '9rem',
    narrow: '6rem',
    cell: ({ running, held, due }) =>
      running ? (
        <Badge tone="accent">running</Badge>
      ) : held ? (
        <Badge tone="warn">held</Badge>
      ) : due ? (
        <Badge>
          <Ago at={due} />
        </Badge>
      ) : (
        <Badge>waiting</Badge>
      ),
  },
  {
    key: 'attempts',
    title: 'Attempts',
    width: '5rem',
    isNumber: true,
    cell: ({ attempts }) => count(attempts),
  },
  { key: 'emitted', title: 'Emitted', width: '6rem', cell: ({ event }) => <Ago at={event.emittedAt} /> },
  {
    key: 'trace',
    title: 'Trace',
    width: '5rem',
    cell: ({ event }) => {
      const trace = traceOf(event.trace)
      return trace ? <TraceLink trace={trace} /> : null
    },
  },
]

export function WaitingList({ step }: { step: string }) {
  const [filters] = useFilters()
  const filter = { ...pick(filters, 'key', 'held'), limit: 200 }
  const query = useQuery(waiting(step, filter))
  const pages = usePages(query, JSON.stringify([step, filter]), (cursor) =>
    get<PageOf<Waiting>>(`${path('queues', step)}/waiting`, { ...filter, cursor }),
  )
  return (
    <div className="flex h-full flex-col">
      <div className="flex shrink-0 items-center gap-3 border-b border-line px-4 py-2">
        <SearchFilter name="key" label="Only this key" />
        <CheckFilter name="held">Held only</CheckFilter>
      </div>
      <div className="min-h-0 flex-1">
        <Loaded of={query}>
          {() =>
            pages.items.length > 0 ? (
              <DataGrid
                label="What waits"
                items={pages.items}
                columns={COLUMNS}
                keyOf={({ id }) => id}
                open={filters.id}
                linkOf={({ id }) => ({ to: '.', search: (before) => ({ ...before, id }) })}
                onEnd={pages.more}
              />
            ) : (
              <Empty icon={Inbox} title="Nothing waits">
                {filters.key || filters.held
                  ? 'Nothing that waits fits the filter.'
                  : 'What is emitted is handled at once. Pause the queue to see events wait here.'}
              </Empty>
            )
          }
        </Loaded>
      </div>
    </div>
  )
}
