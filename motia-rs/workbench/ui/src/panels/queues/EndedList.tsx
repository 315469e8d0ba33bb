/** What was neither handled nor given up: cancelled, expired, or overtaken by a newer event. */

import { useQuery } from '@tanstack/react-query'
import { Archive } from 'lucide-react'
import { get } from '~/api/http'
import { ended } from '~/api/queries'
import type { Ended, Page as PageOf } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'

const COLUMNS: Column<Ended>[] = [
  { key: 'id', title: 'Delivery', width: '7rem', narrow: '5rem', cell: ({ id }) => <Text of={id} isMono /> },
  {
    key: 'ending',
    title: 'Ended',
    width: '7rem',
    narrow: '6rem',
    cell: ({ ending }) => <Badge>{ending}</Badge>,
  },
  {
    key: 'topic',
    title: 'Topic',
    width: 'minmax(8rem, 1fr)',
    cell: ({ event }) => <Text of={event.topic} />,
  },
  {
    key: 'note',
    title: 'By',
    width: 'minmax(8rem, 1fr)',
    narrow: '1fr',
    cell: ({ note }) => <Text of={note} />,
  },
  { key: 'at', title: 'When', width: '6rem', cell: ({ at }) => <Ago at={at} /> },
]

export function EndedList({ step }: { step: string }) {
  const [filters] = useFilters()
  const filter = { step, limit: 200 }
  const query = useQuery(ended(filter))
  const pages = usePages(query, step, (cursor) => get<PageOf<Ended>>('/ended', { ...filter, cursor }))
  return (
    <Loaded of={query}>
      {() =>
        pages.items.length > 0 ? (
          <DataGrid
            label="What ended"
            items={pages.items}
            columns={COLUMNS}
            keyOf={({ id, at }) => `${id} ${at}`}
            open={filters.id}
            linkOf={({ id }) => ({ to: '.', search: (before) => ({ ...before, id }) })}
            onEnd={pages.more}
          />
        ) : (
          <Empty icon={Archive} title="Nothing ended without being handled">
            What is cancelled, expires, or is overtaken by a newer event of its key is kept here.
          </Empty>
        )
      }
    </Loaded>
  )
}
