/** A step in the graph: its kind, what sets it going, and what goes on at it. */

import { Handle, type NodeProps, Position } from '@xyflow/react'
import { memo } from 'react'
import { count, plural } from '~/text/format'
import { Badge } from '~/ui/Badge'
import { classes } from '~/ui/classes'
import { Dot } from '~/ui/Dot'
import { KindMark } from '~/ui/KindMark'
import { Text } from '~/ui/Text'
import type { StepNodeType } from './graph'
import { HEIGHT, WIDTH } from './size'

const BORDERS = {
  api: 'border-l-api',
  event: 'border-l-event',
  cron: 'border-l-cron',
  noop: 'border-l-noop',
}

export const StepNode = memo(function StepNode({ data }: NodeProps<StepNodeType>) {
  const { step, activity, isPaused, isChosen } = data
  return (
    <div
      style={{ width: WIDTH, height: HEIGHT }}
      className={classes(
        'flex flex-col justify-between rounded-lg border border-l-[3px] bg-surface px-3 py-2 shadow-card',
        BORDERS[step.kind] ?? 'border-l-noop',
        step.kind === 'noop' && 'border-dashed',
        isChosen && 'outline-2 outline-accent',
      )}
    >
      <Handle
        type="target"
        position={Position.Left}
        isConnectable={false}
        className={classes(!data.isSetGoing && 'invisible')}
      />
      <button type="button" className="flex min-w-0 items-center gap-2 rounded text-left font-medium">
        <KindMark kind={step.kind} />
        <Text of={step.name} />
      </button>
      <Text
        of={step.kind === 'event' ? step.description : step.trigger}
        isMono={step.kind !== 'event'}
        className="text-xs text-faint"
      />
      <div className="flex h-5 items-center gap-1.5 text-2xs text-soft">
        {activity && (
          <>
            {activity.running > 0 && (
              <>
                <Dot tone="accent" isBeating />
                <span>{count(activity.running)} running</span>
              </>
            )}
            {step.kind !== 'noop' && <span>{plural(activity.runs, 'run')}</span>}
            {activity.failed > 0 && <span className="text-bad">{count(activity.failed)} failed</span>}
            <span className="flex-1" />
            {activity.waiting > 0 && <Badge tone="accent">{count(activity.waiting)} wait</Badge>}
            {activity.dead > 0 && <Badge tone="bad">{count(activity.dead)} dead</Badge>}
          </>
        )}
        {isPaused && <Badge tone="warn">paused</Badge>}
      </div>
      <Handle
        type="source"
        position={Position.Right}
        isConnectable={false}
        className={classes(!data.setsGoing && 'invisible')}
      />
    </div>
  )
})
