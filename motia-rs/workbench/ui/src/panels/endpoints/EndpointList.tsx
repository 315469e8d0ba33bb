/** The routes, by path. */

import { Send } from 'lucide-react'
import type { Endpoint } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { Empty } from '~/ui/Empty'
import { MethodMark } from '~/ui/MethodMark'
import { Text } from '~/ui/Text'

const COLUMNS: Column<Endpoint>[] = [
  {
    key: 'route',
    title: 'Route',
    width: 'minmax(0, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ method, path, description }) => (
      <>
        <MethodMark method={method} />
        <span className="flex min-w-0 flex-col">
          <Text of={path} isMono />
          <Text of={description} className="text-xs font-normal text-faint" />
        </span>
      </>
    ),
  },
]

export function EndpointList({ endpoints, chosen }: { endpoints: Endpoint[]; chosen: string | undefined }) {
  if (endpoints.length === 0) return <Empty icon={Send} title="No route fits" />
  return (
    <DataGrid
      label="Routes"
      items={endpoints}
      columns={COLUMNS}
      keyOf={({ step }) => step}
      open={chosen}
      rowHeight={52}
      linkOf={({ step }) => ({
        to: '/endpoints/$step',
        params: { step },
        search: ({ q }): Record<string, string> => (q ? { q } : {}),
      })}
    />
  )
}
