/** Emits an event by hand. */

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Emission, emit } from '~/api/actions'
import { steps } from '~/api/queries'
import { useAction } from '~/app/useAction'
import { faultOf } from '~/json/fault'
import { JsonEditor } from '~/json/JsonEditor'
import { parse } from '~/json/lossless'
import { Button } from '~/ui/Button'
import { Dialog } from '~/ui/Dialog'
import { Labelled } from '~/ui/Labelled'

export function EmitDialog({ topic: given = '', onClose }: { topic?: string; onClose: () => void }) {
  const [topic, setTopic] = useState(given)
  const [payload, setPayload] = useState('{}')
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
  const fault = faultOf(payload)
  const refused = topic === '' ? 'Say which topic.' : fault

  const submit = () => {
    const emission: Emission = { topic, payload: parse(payload) }
    if (delay !== '') emission.delay = Number(delay)
    if (key !== '') emission.key = key
    send.mutate(emission, { onSuccess: onClose })
  }

  return (
    <Dialog
      title="Emit an event"
      about="Every step that hears the topic is given it."
      isOpen
      onClose={onClose}
    >
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (!refused) submit()
        }}
      >
        <Labelled label="Topic">
          <input
            list="topics"
            value={topic}
            onChange={(event) => setTopic(event.target.value)}
            className="field w-full font-mono text-xs"
          />
        </Labelled>
        <datalist id="topics">
          {topics.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <JsonEditor label="Payload" value={payload} onChange={setPayload} height={8} />
        <div className="grid grid-cols-2 gap-3">
          <Labelled label="Delay, in seconds">
            <input
              type="number"
              min={0}
              step="any"
              value={delay}
              onChange={(event) => setDelay(event.target.value)}
              className="field w-full"
            />
          </Labelled>
          <Labelled label="Key">
            <input value={key} onChange={(event) => setKey(event.target.value)} className="field w-full" />
          </Labelled>
        </div>
        <div className="flex justify-end gap-2 pt-1">
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" look="primary" refused={refused} isBusy={send.isPending}>
            Emit
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
