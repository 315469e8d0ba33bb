/** The entries of a group. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, Database } from 'lucide-react'
import { get, path } from '~/api/http'
import { entries } from '~/api/queries'
import type { Entry, Page as PageOf } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { Ago } from '~/ui/Ago'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { EntryDrawer } from './EntryDrawer'

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

export function EntryList({ group }: { group: string }) {
  const [filters, set] = useFilters()
  const filter = { limit: 200 }
  const query = useQuery(entries(group, filter))
  const pages = usePages(query.data, group, (cursor) =>
    get<PageOf<Entry>>(path('state', group), { ...filter, cursor }),
  )
  const wanted = (filters.q ?? '').toLowerCase()
  const fits = pages.items.filter(({ key }) => key.toLowerCase().includes(wanted))
  const shown = fits.length > 0 || group.toLowerCase().includes(wanted) === false ? fits : pages.items
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-10 shrink-0 items-center gap-2 border-b border-line px-4">
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
      </div>
      <div className="min-h-0 flex-1">
        <Loaded of={query}>
          {() =>
            shown.length > 0 ? (
              <DataGrid
                label={`Entries of ${group}`}
                items={shown}
                columns={COLUMNS}
                keyOf={({ key }) => key}
                open={filters.key}
                linkOf={({ key }) => ({ to: '.', search: (before) => ({ ...before, key }) })}
                onEnd={pages.more}
              />
            ) : (
              <Empty icon={Database} title={pages.items.length > 0 ? 'No key fits' : 'The group is empty'} />
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
