/** What is kept: groups of entries, looked at and edited. */

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Database } from 'lucide-react'
import { groups } from '~/api/queries'
import type { Group } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import { SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { count } from '~/text/format'
import { classes } from '~/ui/classes'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { AddEntry } from './AddEntry'
import { EntryList } from './EntryList'

const COLUMNS: Column<Group>[] = [
  {
    key: 'group',
    title: 'Group',
    width: 'minmax(0, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ group }) => <Text of={group} />,
  },
  {
    key: 'entries',
    title: 'Entries',
    width: '4rem',
    narrow: '4rem',
    isNumber: true,
    cell: ({ entries }) => count(entries),
  },
]

export default function StatePanel() {
  const { group } = useParams({ strict: false }) as { group?: string }
  const [filters] = useFilters()
  const query = useQuery(groups())
  return (
    <Page
      title="State"
      about="What the app keeps"
      actions={<AddEntry group={group} />}
      controls={<SearchFilter label="Find a group" />}
    >
      <Loaded of={query}>
        {(all) => {
          const wanted = (filters.q ?? '').toLowerCase()
          const fits = all.filter((each) => each.group.toLowerCase().includes(wanted))
          const shown = fits.length > 0 || group === undefined ? fits : all
          return (
            <div className="flex h-full">
              <div
                className={classes(
                  'h-full w-full shrink-0 border-line md:w-64 md:border-r lg:w-72',
                  group !== undefined && 'max-md:hidden',
                )}
              >
                {shown.length > 0 ? (
                  <DataGrid
                    label="Groups"
                    items={shown}
                    columns={COLUMNS}
                    keyOf={(each) => each.group}
                    open={group}
                    linkOf={(each) => ({ to: '/state/$group', params: { group: each.group } })}
                  />
                ) : (
                  <Empty icon={Database} title={all.length > 0 ? 'No group fits' : 'Nothing is kept yet'}>
                    What steps set with <code className="font-mono text-xs">ctx.state</code> is shown here.
                  </Empty>
                )}
              </div>
              <div className={classes('h-full min-w-0 flex-1', group === undefined && 'max-md:hidden')}>
                {group === undefined ? (
                  <Empty icon={Database} title="Choose a group" commands={['cargo run -- state groups']} />
                ) : (
                  <EntryList
                    key={group}
                    group={group}
                    total={all.find((each) => each.group === group)?.entries}
                  />
                )}
              </div>
            </div>
          )
        }}
      </Loaded>
    </Page>
  )
}
