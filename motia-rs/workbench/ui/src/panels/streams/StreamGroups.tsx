/** The groups of a stream. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, Radio } from 'lucide-react'
import { streamGroups } from '~/api/queries'
import type { StreamGroup } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { count } from '~/text/format'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'

const COLUMNS: Column<StreamGroup>[] = [
  {
    key: 'group',
    title: 'Group',
    width: 'minmax(0, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ group }) => <Text of={group} />,
  },
  {
    key: 'items',
    title: 'Items',
    width: '4rem',
    narrow: '4rem',
    isNumber: true,
    cell: ({ items }) => count(items),
  },
]

type Props = { stream: string; chosen: string | undefined; wanted: string }

export function StreamGroups({ stream, chosen, wanted }: Props) {
  const query = useQuery(streamGroups(stream))
  return (
    <div className="flex h-full flex-col">
      <Link
        to={'/watch' as string}
        search={{} as never}
        className="flex h-9 shrink-0 items-center gap-2 border-b border-line px-4 text-soft md:hidden"
      >
        <ArrowLeft size={15} aria-hidden /> All streams
      </Link>
      <div className="min-h-0 flex-1">
        <Loaded of={query}>
          {(all) => {
            const fits = all.filter(({ group }) => group.toLowerCase().includes(wanted))
            const shown = fits.length > 0 ? fits : all
            if (shown.length === 0) {
              return (
                <Empty icon={Radio} title="No group yet">
                  A group is there once an item is set in it.
                </Empty>
              )
            }
            return (
              <DataGrid
                label={`Groups of ${stream}`}
                items={shown}
                columns={COLUMNS}
                keyOf={({ group }) => group}
                open={chosen}
                linkOf={({ group }) => ({ to: '/watch/$stream/$group', params: { stream, group } })}
              />
            )
          }}
        </Loaded>
      </div>
    </div>
  )
}
