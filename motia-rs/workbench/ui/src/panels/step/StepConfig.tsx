/** What the config of a step says, and what goes on at it now. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { activity, queue } from '~/api/queries'
import type { StepInfo } from '~/api/shapes'
import { useRefused } from '~/app/useRole'
import { EmitDialog } from '~/panels/queues/EmitDialog'
import { factsOf } from '~/panels/queues/options'
import { count } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Button } from '~/ui/Button'
import { Facts } from '~/ui/Facts'
import { KINDS } from '~/ui/KindMark'
import { Scroll } from '~/ui/Scroll'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'

export function StepConfig({ step }: { step: StepInfo }) {
  const live = useQuery(activity()).data?.find((each) => each.step === step.name)
  const detail = useQuery({ ...queue(step.name), enabled: step.kind === 'event' }).data
  const refused = useRefused()
  const [topic, setTopic] = useState<string>()
  const [first] = step.subscribes
  return (
    <Scroll label={`Config of ${step.name}`}>
      <Section
        title="Step"
        actions={
          <>
            {step.kind === 'api' && (
              <Door to="/endpoints/$step" step={step.name}>
                Try it
              </Door>
            )}
            {step.kind === 'event' && (
              <Door to="/queues/$step" step={step.name}>
                Its queue
              </Door>
            )}
            {step.kind === 'event' && first && (
              <Button refused={refused} onClick={() => setTopic(first)}>
                Emit to it
              </Button>
            )}
          </>
        }
      >
        {step.description && (
          <p className="mb-3">
            <Text of={step.description} isWhole />
          </p>
        )}
        <Facts
          facts={[
            ['Kind', KINDS[step.kind]?.word ?? step.kind],
            step.trigger && ['Set going by', <Text key="trigger" of={step.trigger} isMono isWhole />],
            step.emits.length > 0 && ['Emits', <Names key="emits" of={step.emits} />],
            step.subscribes.length > 0 && ['Hears', <Names key="hears" of={step.subscribes} />],
            step.flows.length > 0 && ['Flows', <Names key="flows" of={step.flows} />],
            step.middleware.length > 0 && ['Middleware', <Names key="around" of={step.middleware} />],
            ['Stands in', <Text key="file" of={`${step.source.file}:${step.source.line}`} isMono isWhole />],
          ]}
        />
      </Section>
      {live && (
        <Section title="Since the app started">
          <Facts
            facts={[
              ['Runs', count(live.runs)],
              ['Failed', count(live.failed)],
              ['Last run', <Ago key="last" at={live.lastRunAt} />],
              step.kind === 'event' && ['Waiting', count(live.waiting)],
              step.kind === 'event' && ['Dead letters', count(live.dead)],
            ]}
          />
        </Section>
      )}
      {detail?.options && (
        <Section title="How its events are handled">
          <Facts facts={factsOf(detail.options)} />
        </Section>
      )}
      {topic !== undefined && <EmitDialog topic={topic} onClose={() => setTopic(undefined)} />}
    </Scroll>
  )
}

function Names({ of }: { of: string[] }) {
  return (
    <span className="flex flex-wrap gap-1">
      {of.map((name) => (
        <Badge key={name}>
          <Text of={name} isMono />
        </Badge>
      ))}
    </span>
  )
}

function Door({ to, step, children }: { to: string; step: string; children: ReactNode }) {
  return (
    <Link
      to={to}
      params={{ step } as never}
      search={{} as never}
      className="inline-flex h-8 items-center rounded-md border border-edge bg-surface px-2.5 font-medium hover:bg-hover"
    >
      {children}
    </Link>
  )
}
