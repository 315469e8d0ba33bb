/** What is wrong right now, the worst first. */

import type { Circuit, QueueInfo } from '~/api/shapes'
import { plural } from '~/text/format'
import { standOf } from '../queues/circuit'

export type Trouble = {
  key: string
  tone: 'bad' | 'warn'
  title: string
  about: string
  to: string
  params?: Record<string, string>
  search?: Record<string, string>
}

export function troubles(queues: QueueInfo[], circuits: Circuit[], dead: number): Trouble[] {
  const found: Trouble[] = []
  if (dead > 0) {
    const steps = queues.filter((queue) => queue.dead > 0).map(({ queue }) => queue)
    found.push({
      key: 'dead',
      tone: 'bad',
      title: plural(dead, 'dead letter'),
      about: `Given up by ${names(steps)}`,
      to: '/dead',
    })
  }
  for (const circuit of circuits) {
    const { tone, word, by } = standOf(circuit)
    if (tone !== 'bad') continue
    found.push({
      key: `circuit ${circuit.name}`,
      tone: 'bad',
      title: `The circuit ${circuit.name} is ${word}${by ? ` by ${by}` : ''}`,
      about:
        circuit.steps.length > 0 ? `${names(circuit.steps)} cannot start` : 'Nothing that needs it starts',
      to: '/queues',
    })
  }
  for (const queue of queues) {
    const at = { to: '/queues/$step', params: { step: queue.queue } }
    const waiting = queue.waiting + queue.delayed + queue.held
    if (queue.paused) {
      const about = `By ${queue.paused.by}; ${plural(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'}`
      found.push({
        key: `paused ${queue.queue}`,
        tone: 'warn',
        title: `${queue.queue} is paused`,
        about,
        ...at,
      })
    }
    if (queue.orphaned && waiting > 0) {
      const about = `${plural(waiting, 'event')} left for a step that is gone from the app`
      found.push({ key: `gone ${queue.queue}`, tone: 'warn', title: `${queue.queue} is gone`, about, ...at })
    }
    if (queue.held > 0) {
      found.push({
        key: `held ${queue.queue}`,
        tone: 'warn',
        title: `${plural(queue.held, 'event')} held for ${queue.queue}`,
        about: "The payload does not fit the step's input",
        ...at,
        search: { held: 'true' },
      })
    }
  }
  return found.sort((one, other) => Number(one.tone === 'warn') - Number(other.tone === 'warn'))
}

function names(steps: string[]): string {
  const [first, second, third, ...more] = steps
  const shown = [first, second, third].filter(Boolean).join(', ')
  return more.length > 0 ? `${shown} and ${more.length} more` : shown
}
