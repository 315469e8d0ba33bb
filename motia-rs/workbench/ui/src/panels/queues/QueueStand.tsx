/** How a queue stands, in a word. */

import type { QueueInfo } from '~/api/shapes'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Dot } from '~/ui/Dot'
import { Text } from '~/ui/Text'

export function QueueStand({ queue }: { queue: QueueInfo }) {
  if (queue.orphaned) return <Badge tone="warn">its step is gone</Badge>
  if (queue.paused) {
    return (
      <span className="flex min-w-0 items-center gap-1.5">
        <Badge tone="warn">paused</Badge>
        <span className="min-w-0 truncate text-xs text-faint">
          <Ago at={queue.paused.since} /> by <Text of={queue.paused.by} />
        </span>
      </span>
    )
  }
  if (queue.running > 0) {
    return (
      <span className="flex items-center gap-1.5 text-soft">
        <Dot tone="accent" isBeating />
        at work
      </span>
    )
  }
  return (
    <span className="flex items-center gap-1.5 text-faint">
      <Dot tone={queue.waiting > 0 ? 'accent' : 'quiet'} />
      {queue.waiting > 0 ? 'next' : 'idle'}
    </span>
  )
}
