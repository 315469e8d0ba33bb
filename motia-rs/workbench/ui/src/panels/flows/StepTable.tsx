/** The steps of a flow as a list: for a narrow screen, and to find one among many. */

import { Workflow } from 'lucide-react'
import type { Activity, StepInfo } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { count } from '~/text/format'
import { Empty } from '~/ui/Empty'
import { KindMark } from '~/ui/KindMark'
import { Text } from '~/ui/Text'
import { Tally } from '../queues/Tally'

type Line = StepInfo & { live: Activity | undefined }

const COLUMNS: Column<Line>[] = [
  {
    key: 'step',
    title: 'Step',
    width: 'minmax(12rem, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ kind, name, trigger }) => (
      <>
        <KindMark kind={kind} />
        <span className="flex min-w-0 flex-col">
          <Text of={name} />
          <Text of={trigger} isMono className="text-2xs font-normal text-faint md:hidden" />
        </span>
      </>
    ),
  },
  {
    key: 'trigger',
    title: 'Set going by',
    width: 'minmax(10rem, 1fr)',
    cell: ({ trigger }) => <Text of={trigger} isMono className="text-soft" />,
  },
  {
    key: 'emits',
    title: 'Emits',
    width: 'minmax(8rem, 1fr)',
    cell: ({ emits }) => <Text of={emits.join(', ')} isMono className="text-soft" />,
  },
  number('runs', 'Runs', '3.5rem'),
  number('failed', 'Failed', undefined, 'bad'),
  number('waiting', 'Waiting'),
  number('dead', 'Dead', '3rem', 'bad'),
]

function number(
  key: 'runs' | 'failed' | 'waiting' | 'dead',
  title: string,
  narrow?: string,
  tone?: 'bad',
): Column<Line> {
  const cell = ({ live }: Line) =>
    tone ? <Tally of={live?.[key] ?? 0} tone={tone} /> : count(live?.[key] ?? 0)
  return { key, title, width: '5rem', isNumber: true, cell, ...(narrow ? { narrow } : {}) }
}

type Props = {
  flow: string
  steps: StepInfo[]
  activity: Activity[]
  wanted: string
  chosen: string | undefined
}

export function StepTable({ flow, steps, activity, wanted, chosen }: Props) {
  const live = new Map(activity.map((each) => [each.step, each]))
  const text = wanted.toLowerCase()
  const shown = steps.filter(({ name, trigger, emits }) =>
    `${name} ${trigger} ${emits.join(' ')}`.toLowerCase().includes(text),
  )
  if (shown.length === 0) return <Empty icon={Workflow} title="No step fits" />
  return (
    <DataGrid
      label={`Steps of ${flow}`}
      items={shown.map((step) => ({ ...step, live: live.get(step.name) }))}
      columns={COLUMNS}
      keyOf={({ name }) => name}
      open={chosen}
      rowHeight={44}
      linkOf={({ name }) => ({ to: '.', search: (before) => ({ ...before, step: name }) })}
    />
  )
}
