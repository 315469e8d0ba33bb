/** Pauses a queue, or lets it go on. */

import { Pause, Play } from 'lucide-react'
import { pauseQueue, resumeQueue } from '~/api/actions'
import type { QueueInfo } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { Button } from '~/ui/Button'
import { IconButton } from '~/ui/IconButton'

type Props = { queue: QueueInfo; isSmall?: boolean }

export function PauseButton({ queue, isSmall }: Props) {
  const pause = useAction({ do: pauseQueue, touches: ['queues'], done: (_, step) => `${step} is paused` })
  const resume = useAction({ do: resumeQueue, touches: ['queues'], done: (_, step) => `${step} goes on` })
  const refused =
    useRefused() ?? (queue.orphaned ? 'Its step is gone: nothing of it starts anyway.' : undefined)
  const isPaused = queue.paused !== null
  const [icon, verb] = isPaused ? [Play, 'Resume'] : [Pause, 'Pause']
  const turn = () => (isPaused ? resume : pause).mutate(queue.queue)
  if (isSmall) {
    return (
      <IconButton
        icon={icon}
        label={`${verb} ${queue.queue}`}
        refused={refused}
        onClick={turn}
        className="relative z-10"
      />
    )
  }
  return (
    <Button icon={icon} refused={refused} isBusy={pause.isPending || resume.isPending} onClick={turn}>
      {verb}
    </Button>
  )
}
