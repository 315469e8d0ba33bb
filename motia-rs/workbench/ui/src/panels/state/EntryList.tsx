/** The entries of a group. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, Database } from 'lucide-react'
import { get, path } from '~/api/http'
import { entries } from '~/api/queries'
import type { Entries, Entry } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import { SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { pick, useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { plural } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { EntryDrawer } from './EntryDrawer'
import { Searched } from './Searched'

const COLUMNS: Column<Entry>[] = [
  {
    key: 'key',
    title: 'Key',
    width: 'minmax(10rem, 18rem)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ key }) => <Text of={key} isMono />,
  },
  {
    key: 'value',
    title: 'Value',
    width: 'minmax(8rem, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ value }) => (
      <Text of={(JSON.stringify(value) ?? '').slice(0, 400)} isMono className="text-soft" />
    ),
  },
  { key: 'version', title: 'Version', width: '4rem', isNumber: true, cell: ({ version }) => version },
  {
    key: 'expires',
    title: 'Expires',
    width: '6rem',
    cell: ({ expiresAt }) => (expiresAt ? <Ago at={expiresAt} /> : <span className="text-faint">stays</span>),
  },
]

type Props = { group: string; total: number | undefined }

export function EntryList({ group, total }: Props) {
  const [filters, set] = useFilters()
  const { text } = pick(filters, 'text')
  const filter = { text, limit: 200 }
  const query = useQuery(entries(group, filter))
  const pages = usePages(query, JSON.stringify([group, text]), (cursor) =>
    get<Entries>(path('state', group), { ...filter, cursor }),
  )
  return (
    <div className="flex h-full flex-col">
      <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-2 border-b border-line px-4 py-2">
        <Link
          to={'/state' as string}
          search={{} as never}
          aria-label="All groups"
          className="text-soft md:hidden"
        >
          <ArrowLeft size={17} aria-hidden />
        </Link>
        <h2 className="min-w-0 truncate font-semibold">
          <Text of={group} />
        </h2>
        <span className="text-faint max-sm:hidden">
          {total !== undefined && plural(total, 'entry', 'entries')}
        </span>
        <span className="flex-1" />
        <SearchFilter name="text" label="Find a key" />
      </div>
      {text && <Searched {...pages} total={total} isFirst={query.isPlaceholderData} />}
      <div className="min-h-0 flex-1">
        <Loaded of={query}>
          {() =>
            pages.items.length > 0 ? (
              <DataGrid
                label={`Entries of ${group}`}
                items={pages.items}
                columns={COLUMNS}
                keyOf={({ key }) => key}
                open={filters.key}
                linkOf={({ key }) => ({ to: '.', search: (before) => ({ ...before, key }) })}
                onEnd={pages.more}
              />
            ) : (
              <Empty
                icon={Database}
                title={!text ? 'The group is empty' : pages.more ? 'No key fits so far' : 'No key fits'}
              />
            )
          }
        </Loaded>
      </div>
      {filters.key && (
        <EntryDrawer
          key={filters.key}
          group={group}
          entryKey={filters.key}
          onClose={() => set({ key: '' })}
        />
      )}
    </div>
  )
}
