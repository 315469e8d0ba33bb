/** One run: what it was given, what it did, how it ended, and what can be done with it. */

import { Link } from '@tanstack/react-router'
import { FlaskConical, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { replayRun } from '~/api/actions'
import type { RunRecord } from '~/api/shapes'
import { StepName } from '~/app/StepName'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { JsonView } from '~/json/JsonView'
import { took } from '~/text/format'
import { Button } from '~/ui/Button'
import { Clock } from '~/ui/Clock'
import { Facts } from '~/ui/Facts'
import { OutcomeBadge } from '~/ui/OutcomeBadge'
import { Scroll } from '~/ui/Scroll'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { AsTest } from './AsTest'
import { ErrorChain } from './ErrorChain'
import { NoteLine } from './NoteLine'
import { ReplayRequest } from './ReplayRequest'

export function RunDetail({ run }: { run: RunRecord }) {
  const [isTest, setTest] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const mayNot = useRefused()
  const replay = useAction({
    do: () => replayRun(String(run.id)),
    touches: ['runs', 'queues'],
    done: () => `${run.step} handles its event once more`,
  })
  const refused =
    mayNot ?? (run.kind === 'cron' ? 'A cron step has no input: run it now in Cron.' : undefined)
  return (
    <Scroll label={`Run ${run.id}`}>
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-3">
        <h2 className="min-w-0 flex-1 text-base font-semibold">
          <StepName name={run.step} kind={run.kind} />
        </h2>
        <Button
          icon={RotateCcw}
          refused={refused}
          isBusy={replay.isPending}
          onClick={() => (run.kind === 'api' ? setAsking(true) : replay.mutate())}
        >
          Replay
        </Button>
        <Button icon={FlaskConical} onClick={() => setTest(true)}>
          As test
        </Button>
      </div>
      <Section title="Run">
        <Facts
          facts={[
            ['Ended', <OutcomeBadge key="outcome" outcome={run.outcome} status={run.status} />],
            ['Took', took(run.tookUs)],
            ['Began', <Clock key="at" at={run.startedAt} />],
            run.attempt > 1 && ['Attempt', run.attempt],
            run.replayOf !== undefined && ['Replay of', <Replayed key="replay" run={String(run.replayOf)} />],
            run.input?.request && ['Request', <Text key="request" of={run.input.request} isMono isWhole />],
            run.input?.topic && ['Topic', <Text key="topic" of={run.input.topic} isMono isWhole />],
          ]}
        />
      </Section>
      {run.error && (
        <Section title="Error">
          <ErrorChain text={run.error} />
        </Section>
      )}
      {run.input && (
        <Section title={run.input.isWhole ? 'Input' : 'Input, not kept whole'}>
          <JsonView value={run.input.value} label="Input" />
        </Section>
      )}
      <Section title="What it did">
        {run.isBare ? (
          <p className="text-soft">There were too many runs at the time: only how it ended was kept.</p>
        ) : run.notes.length === 0 ? (
          <p className="text-soft">It wrote no log, emitted nothing, and touched no state.</p>
        ) : (
          <ol className="space-y-px">
            {run.notes.map((note, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: notes of a run never move
              <NoteLine key={at} note={note} began={run.startedAt} />
            ))}
          </ol>
        )}
        {run.leftOut > 0 && <p className="mt-2 text-soft">{run.leftOut} more were not kept.</p>}
      </Section>
      {isAsking && <ReplayRequest run={run} onClose={() => setAsking(false)} />}
      {isTest && <AsTest id={String(run.id)} onClose={() => setTest(false)} />}
    </Scroll>
  )
}

function Replayed({ run }: { run: string }) {
  return (
    <Link to="." search={{ run } as never} replace className="font-mono text-xs text-accent hover:underline">
      run {run}
    </Link>
  )
}
