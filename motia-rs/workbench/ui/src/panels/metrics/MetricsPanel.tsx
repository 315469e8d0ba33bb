/** What the app counts, and how it moves while you look. */

import { useQuery } from '@tanstack/react-query'
import { ChartSpline } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { metrics } from '~/api/queries'
import { DataGrid } from '~/lists/DataGrid'
import { CheckFilter, SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { printable } from '~/text/printable'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Spark } from '~/ui/Spark'
import { Text } from '~/ui/Text'
import { type Past, remember, type Series, seriesOf } from './series'

const COLUMNS: Column<Series>[] = [
  {
    key: 'name',
    title: 'Metric',
    width: 'minmax(14rem, 2fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ metric, help, labels }) => (
      <span className="flex min-w-0 flex-col">
        <Text of={metric} isMono />
        <Text of={help} className="text-2xs text-faint max-md:hidden" />
        <Text of={said(labels)} isMono className="text-2xs text-faint md:hidden" />
      </span>
    ),
  },
  {
    key: 'labels',
    title: 'Labels',
    width: 'minmax(10rem, 3fr)',
    cell: ({ labels }) => <Text of={said(labels)} isMono className="text-soft" />,
  },
  { key: 'type', title: 'Type', width: '5.5rem', cell: ({ type }) => <Badge>{type}</Badge> },
  {
    key: 'now',
    title: 'Now',
    width: 'minmax(11rem, 1fr)',
    narrow: '7rem',
    isNumber: true,
    cell: ({ now, spread }) => (
      <span className="flex min-w-0 flex-col items-end">
        <Text of={now} isMono />
        {spread && <Text of={spread} className="text-2xs text-faint max-md:hidden" />}
      </span>
    ),
  },
  {
    key: 'line',
    title: 'While you look',
    width: '6.5rem',
    cell: ({ line, metric, type }) => (
      <Spark
        values={line}
        label={`${printable(metric)}${type === 'gauge' ? '' : ' a second'}: ${line.at(-1) ?? 0}`}
      />
    ),
  },
]

function said(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('  ')
}

/** How often they are read, in milliseconds. */
const EVERY = 2000

export default function MetricsPanel() {
  const [filters] = useFilters()
  const query = useQuery({ ...metrics(), refetchInterval: EVERY })
  const [past, setPast] = useState<Past>(new Map())
  const { data, dataUpdatedAt } = query
  useEffect(() => {
    if (data) setPast((before) => remember(before, data.items, dataUpdatedAt))
  }, [data, dataUpdatedAt])
  const all = useMemo(() => seriesOf(data?.items ?? [], past), [data, past])
  const wanted = (filters.q ?? '').toLowerCase()
  const shown = all.filter(({ key, help }) => `${key} ${help}`.toLowerCase().includes(wanted))
  const isWithZero = filters.zero === 'true' || wanted !== ''
  const seen = isWithZero ? shown : shown.filter(({ isZero }) => !isZero)
  return (
    <Page
      title="Metrics"
      about="What the app counts, and how it moves while you look"
      controls={
        <>
          <SearchFilter label="Find a metric or label" />
          <CheckFilter name="zero">With what is zero</CheckFilter>
        </>
      }
    >
      <Loaded of={query}>
        {() =>
          seen.length > 0 ? (
            <DataGrid
              label="Metrics"
              items={seen}
              columns={COLUMNS}
              keyOf={({ key }) => key}
              rowHeight={46}
            />
          ) : (
            <Empty icon={ChartSpline} title="No metric fits" commands={[`curl ${location.origin}/metrics`]} />
          )
        }
      </Loaded>
    </Page>
  )
}
