/** Dead letters, to be looked at, sent again or removed: one, or all that are found. */

import { useQuery } from '@tanstack/react-query'
import { Skull } from 'lucide-react'
import { get, type Params } from '~/api/http'
import { dead } from '~/api/queries'
import type { DeadLetter, Letters } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { count } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { LetterDrawer } from './LetterDrawer'
import { LetterMenu } from './LetterMenu'
import { MoveAll } from './MoveAll'

const COLUMNS: Column<DeadLetter>[] = [
  { key: 'id', title: 'Letter', width: '6rem', narrow: '4.5rem', cell: ({ id }) => <Text of={id} isMono /> },
  { key: 'step', title: 'Step', width: 'minmax(8rem, 14rem)', cell: ({ queue }) => <Text of={queue} /> },
  {
    key: 'topic',
    title: 'Topic',
    width: 'minmax(8rem, 14rem)',
    cell: ({ event }) => <Text of={event.topic} />,
  },
  {
    key: 'reason',
    title: 'Given up because',
    width: 'minmax(10rem, 1fr)',
    narrow: '1fr',
    cell: (letter) => <Text of={whyOf(letter)} className="text-bad" />,
  },
  {
    key: 'attempts',
    title: 'Attempts',
    width: '5rem',
    isNumber: true,
    cell: ({ attempts }) => count(attempts),
  },
  { key: 'died', title: 'When', width: '6rem', cell: ({ diedAt }) => <Ago at={diedAt} /> },
  { key: 'menu', title: '', width: '2rem', narrow: '2rem', cell: (letter) => <LetterMenu letter={letter} /> },
]

/** The reason, and the last error where the reason does not say it already. */
function whyOf({ reason, failures }: DeadLetter): string {
  const error = failures.at(-1)?.error
  return error === undefined || reason.includes(error) ? reason : `${reason}: ${error}`
}

export function DeadList({ filter }: { filter: Params }) {
  const [filters, set] = useFilters()
  const query = useQuery(dead(filter))
  const pages = usePages(query, JSON.stringify(filter), (cursor) =>
    get<Letters>('/dead', { limit: 200, ...filter, cursor }),
  )
  const isFiltered = Object.keys(filter).some((name) => name !== 'step')
  return (
    <Loaded of={query}>
      {({ total }) =>
        pages.items.length > 0 ? (
          <div className="flex h-full flex-col">
            <MoveAll filter={filter} total={total} />
            <div className="min-h-0 flex-1">
              <DataGrid
                label="Dead letters"
                items={pages.items}
                columns={COLUMNS}
                keyOf={({ id }) => id}
                open={filters.id}
                linkOf={({ id }) => ({ to: '.', search: (before) => ({ ...before, id }) })}
                onEnd={pages.more}
              />
            </div>
            {filters.id && <LetterDrawer id={filters.id} onClose={() => set({ id: '' })} />}
          </div>
        ) : (
          <Empty
            icon={Skull}
            title={isFiltered ? 'No dead letter fits' : 'Nothing was given up'}
            commands={isFiltered ? [] : ['cargo run -- dlq ls']}
          >
            {isFiltered
              ? 'All are shown when the filters are empty.'
              : 'An event whose step fails as often as it may is kept here, until it is sent again or removed.'}
          </Empty>
        )
      }
    </Loaded>
  )
}
