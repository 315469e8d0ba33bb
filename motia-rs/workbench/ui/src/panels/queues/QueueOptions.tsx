/** How the deliveries of a queue are handled: what the config of its step says. */

import { Unplug } from 'lucide-react'
import type { QueueDetail } from '~/api/shapes'
import { Empty } from '~/ui/Empty'
import { Facts } from '~/ui/Facts'
import { Scroll } from '~/ui/Scroll'
import { Section } from '~/ui/Section'
import { factsOf } from './options'

export function QueueOptions({ queue }: { queue: QueueDetail }) {
  if (!queue.options) {
    return (
      <Empty icon={Unplug} title="Its step is gone">
        Nothing says how its deliveries are handled until the step is back.
      </Empty>
    )
  }
  return (
    <Scroll label="How it is handled">
      <Section title="From the config of the step">
        <Facts facts={factsOf(queue.options)} />
      </Section>
    </Scroll>
  )
}
