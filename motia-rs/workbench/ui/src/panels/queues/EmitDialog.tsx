/** Emits an event by hand. */

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Emission, emit } from '~/api/actions'
import { steps } from '~/api/queries'
import { useAction } from '~/app/useAction'
import { Field, JsonDialog } from '~/json/JsonDialog'
import { Labelled } from '~/ui/Labelled'

export function EmitDialog({ topic: given = '', onClose }: { topic?: string; onClose: () => void }) {
  const [topic, setTopic] = useState(given)
  const [delay, setDelay] = useState('')
  const [key, setKey] = useState('')
  const { data } = useQuery(steps())
  const topics = [...new Set((data ?? []).flatMap((step) => step.subscribes))].sort()
  const send = useAction({
    do: emit,
    touches: ['queues', 'runs'],
    done: ({ id, duplicate }, { topic }) =>
      duplicate ? `${topic} was emitted before: ${id}` : `${topic} is emitted: ${id}`,
  })
  const sendIt = (payload: unknown) => {
    const emission: Emission = { topic, payload }
    if (delay !== '') emission.delay = Number(delay)
    if (key !== '') emission.key = key
    send.mutate(emission, { onSuccess: onClose })
  }
  return (
    <JsonDialog
      title="Emit an event"
      about="Every step that hears the topic is given it."
      label="Payload"
      verb="Emit"
      refused={topic === '' ? 'Say which topic.' : undefined}
      isBusy={send.isPending}
      onSend={sendIt}
      onClose={onClose}
      before={
        <>
          <Labelled label="Topic">
            <Field list="topics" value={topic} onChange={setTopic} isMono />
          </Labelled>
          <datalist id="topics">
            {topics.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      }
      after={
        <div className="grid grid-cols-2 gap-3">
          <Labelled label="Delay, in seconds">
            <Field type="number" min={0} step="any" value={delay} onChange={setDelay} />
          </Labelled>
          <Labelled label="Key">
            <Field value={key} onChange={setKey} />
          </Labelled>
        </div>
      }
    />
  )
}
