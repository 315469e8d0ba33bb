/** How much goes through: runs and failures, and how they move while you look. */

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { activity } from '~/api/queries'
import type { Activity } from '~/api/shapes'
import { count } from '~/text/format'
import { Loaded } from '~/ui/Loaded'
import { Spark } from '~/ui/Spark'
import { rates } from '../metrics/series'
import { Box } from './Box'

type Point = { at: number; value: number }

/** How often it is read, in milliseconds, and as many points are remembered. */
const [EVERY, POINTS] = [2000, 60]

const sum = (all: Activity[], field: 'runs' | 'failed' | 'running' | 'waiting') =>
  all.reduce((total, each) => total + each[field], 0)

export function Throughput() {
  const query = useQuery({ ...activity(), refetchInterval: EVERY })
  const [points, setPoints] = useState<Point[]>([])
  const { data, dataUpdatedAt: at } = query
  useEffect(() => {
    if (!data) return
    const value = sum(data, 'runs')
    setPoints((before) =>
      [...before.filter((point) => at - point.at > 900 || point.at > at), { at, value }].slice(-POINTS),
    )
  }, [data, at])
  const line = rates(points)
  const now = line.at(-1) ?? 0
  return (
    <Box title="Throughput" aside={<span className="text-xs text-faint">since the app started</span>}>
      <Loaded of={query}>
        {(all) => (
          <div className="space-y-3 p-4">
            <div className="flex items-end justify-between gap-3">
              <div>
                <div className="text-xl font-semibold">{now.toFixed(now < 10 ? 1 : 0)}</div>
                <div className="text-xs text-soft">runs a second</div>
              </div>
              <Spark values={line} label="Runs a second while you look" width={140} height={36} />
            </div>
            <dl className="grid grid-cols-4 gap-2">
              {(
                [
                  ['Runs', 'runs'],
                  ['Failed', 'failed'],
                  ['Running', 'running'],
                  ['Waiting', 'waiting'],
                ] as const
              ).map(([title, field]) => (
                <div key={field}>
                  <dt className="text-xs text-faint">{title}</dt>
                  <dd
                    className={
                      field === 'failed' && sum(all, field) > 0 ? 'font-semibold text-bad' : 'font-semibold'
                    }
                  >
                    {count(sum(all, field))}
                  </dd>
                </div>
              ))}
            </dl>
          </div>
        )}
      </Loaded>
    </Box>
  )
}
