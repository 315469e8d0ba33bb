/** The last runs of a step. */

import { useQuery } from '@tanstack/react-query'
import { Activity } from 'lucide-react'
import { runs } from '~/api/queries'
import { DataGrid } from '~/lists/DataGrid'
import { RUN_COLUMNS } from '~/panels/runs/columns'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'

const SHOWN = ['outcome', 'what', 'took', 'at']
const COLUMNS = RUN_COLUMNS.filter(({ key }) => SHOWN.includes(key)).map((column) =>
  column.key === 'what' ? { ...column, width: 'minmax(6rem, 1fr)', narrow: 'minmax(0, 1fr)' } : column,
)

export function StepRuns({ step }: { step: string }) {
  const query = useQuery(runs({ step, limit: 100 }))
  return (
    <Loaded of={query}>
      {({ items }) =>
        items.length > 0 ? (
          <DataGrid
            label={`Runs of ${step}`}
            items={items}
            columns={COLUMNS}
            keyOf={({ id }) => id}
            linkOf={({ traceId, id }) => ({
              to: '/traces/$trace',
              params: { trace: traceId },
              search: { run: id },
            })}
          />
        ) : (
          <Empty icon={Activity} title="It has not run yet" />
        )
      }
    </Loaded>
  )
}
