/** The columns of a list of runs. */

import type { RunLine } from '~/api/shapes'
import { TraceLink } from '~/app/TraceLink'
import type { Column } from '~/lists/types'
import { took } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { KindMark } from '~/ui/KindMark'
import { OutcomeBadge } from '~/ui/OutcomeBadge'
import { Text } from '~/ui/Text'

export const RUN_COLUMNS: Column<RunLine>[] = [
  {
    key: 'step',
    title: 'Step',
    width: 'minmax(12rem, 18rem)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ kind, step }) => (
      <>
        <KindMark kind={kind} />
        <Text of={step} />
      </>
    ),
  },
  {
    key: 'outcome',
    title: 'Outcome',
    width: '8rem',
    narrow: '6.5rem',
    cell: ({ outcome, status }) => <OutcomeBadge outcome={outcome} status={status} />,
  },
  {
    key: 'what',
    title: 'Set going by',
    width: 'minmax(10rem, 1fr)',
    cell: ({ trigger, error, attempt, replayOf }) => (
      <>
        {attempt > 1 && <span className="shrink-0 text-2xs text-warn">attempt {attempt}</span>}
        {replayOf !== undefined && <Badge tone="accent">replay</Badge>}
        {error ? (
          <Text of={error} className="text-bad" />
        ) : (
          <Text of={trigger ?? ''} isMono className="text-soft" />
        )}
      </>
    ),
  },
  { key: 'took', title: 'Took', width: '5.5rem', isNumber: true, cell: ({ tookUs }) => took(tookUs) },
  {
    key: 'notes',
    title: 'Logs · emits',
    width: '6rem',
    isNumber: true,
    cell: ({ logs, emits }) => (
      <span className="text-faint">
        {logs} · {emits}
      </span>
    ),
  },
  { key: 'trace', title: 'Trace', width: '4.5rem', cell: ({ traceId }) => <TraceLink trace={traceId} /> },
  {
    key: 'at',
    title: 'Began',
    width: '6rem',
    narrow: '4.5rem',
    isNumber: true,
    cell: ({ startedAt }) => (
      <span className="text-soft">
        <Ago at={startedAt} />
      </span>
    ),
  },
]
