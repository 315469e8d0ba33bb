/** What becomes of one dead letter. */

import { useState } from 'react'
import { type Fate, moveLetter } from '~/api/actions'
import { useAction } from '~/app/useAction'
import { Confirm } from '~/ui/Confirm'

/** Sends it again at once; asks before it is removed. `dialog` has to be drawn. */
export function useLetter(id: string, done?: () => void) {
  const [isAsking, setAsking] = useState(false)
  const move = useAction({
    do: (fate: Fate) => moveLetter(id, fate),
    touches: ['dead', 'queues', 'runs'],
    done: (_, fate) => (fate === 'redrive' ? `${id} waits again` : `${id} is removed`),
  })
  const dialog = isAsking && (
    <Confirm
      title={`Remove ${id} for good?`}
      about="Nobody can bring it back."
      verb="Purge it"
      isDangerous
      onClose={() => setAsking(false)}
      onConfirm={() => move.mutate('purge', { onSuccess: () => done?.() })}
    />
  )
  return {
    redrive: () => move.mutate('redrive', { onSuccess: () => done?.() }),
    purge: () => setAsking(true),
    isBusy: move.isPending,
    dialog,
  }
}
