/** The streams of the app. */

import type { StreamInfo } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { count } from '~/text/format'
import { Text } from '~/ui/Text'

const COLUMNS: Column<StreamInfo>[] = [
  {
    key: 'name',
    title: 'Stream',
    width: 'minmax(0, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ name }) => <Text of={name} />,
  },
  {
    key: 'groups',
    title: 'Groups',
    width: '4rem',
    narrow: '4rem',
    isNumber: true,
    cell: ({ groups }) => count(groups),
  },
]

export function StreamList({ streams, chosen }: { streams: StreamInfo[]; chosen: string | undefined }) {
  return (
    <DataGrid
      label="Streams"
      items={streams}
      columns={COLUMNS}
      keyOf={({ name }) => name}
      open={chosen}
      linkOf={({ name }) => ({ to: '/watch/$stream', params: { stream: name } })}
    />
  )
}
