/** Runs a cron step now, whatever the clock says. */

import { Play } from 'lucide-react'
import { runCron } from '~/api/actions'
import type { CronStep } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { Button } from '~/ui/Button'

export function RunNow({ step }: { step: CronStep }) {
  const refused = useRefused()
  const run = useAction({
    do: runCron,
    touches: ['cron', 'runs'],
    done: ({ step, traceId }) => [`${step} runs`, `/__motia/traces/${traceId}`],
  })
  return (
    <Button
      icon={Play}
      refused={refused}
      isBusy={run.isPending}
      aria-label={`Run ${step.step} now`}
      onClick={() => run.mutate(step.step)}
      className="relative z-10 h-7"
    >
      {step.running ? 'Running' : 'Run now'}
    </Button>
  )
}
