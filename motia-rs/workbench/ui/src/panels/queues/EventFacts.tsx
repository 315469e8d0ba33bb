/** What is known of an event on its way to a step, and what it carries. */

import type { EventInfo } from '~/api/shapes'
import { TraceLink } from '~/app/TraceLink'
import { JsonView } from '~/json/JsonView'
import { Ago } from '~/ui/Ago'
import { Facts } from '~/ui/Facts'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { traceOf } from './traceOf'

type Props = {
  event: EventInfo
  lane?: string | null | undefined
  attempts: number
  due?: string | null | undefined
}

export function EventFacts({ event, lane, attempts, due }: Props) {
  const trace = traceOf(event.trace)
  return (
    <>
      <Section title="Event">
        <Facts
          facts={[
            ['Topic', <Text key="topic" of={event.topic} isMono />],
            ['Event', <Text key="id" of={event.id} isMono />],
            trace && ['Trace', <TraceLink key="trace" trace={trace} isWhole />],
            ['Emitted', <Ago key="at" at={event.emittedAt} />],
            lane && ['Key', <Text key="key" of={lane} isMono />],
            ['Attempts', attempts],
            due && ['Due', <Ago key="due" at={due} />],
            event.priority !== undefined && ['Priority', event.priority],
            event.expiresAt && ['Expires', <Ago key="expires" at={event.expiresAt} />],
            event.cancelKey && ['Cancel key', <Text key="cancel" of={event.cancelKey} isMono />],
          ]}
        />
      </Section>
      <Section title="Payload">
        <JsonView value={event.payload} label="Payload" />
      </Section>
    </>
  )
}
