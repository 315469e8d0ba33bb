/** What becomes of all dead letters that are found. */

import { RotateCcw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { type Fate, moveLetters } from '~/api/actions'
import type { Params } from '~/api/http'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { plural } from '~/text/format'
import { Button } from '~/ui/Button'
import { Confirm } from '~/ui/Confirm'

export function MoveAll({ filter, total }: { filter: Params; total: number }) {
  const [asked, setAsked] = useState<Fate>()
  const refused = useRefused()
  const move = useAction({
    do: (fate: Fate) => moveLetters(filter, fate),
    touches: ['dead', 'queues', 'runs'],
    done: (number, fate) => `${plural(number, 'letter')} ${fate === 'redrive' ? 'wait again' : 'removed'}`,
  })
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-4 py-2">
      <span className="flex-1 text-soft">
        <span data-testid="dead-total" className="font-semibold text-bad">
          {plural(total, 'dead letter')}
        </span>
      </span>
      <Button icon={RotateCcw} refused={refused} isBusy={move.isPending} onClick={() => setAsked('redrive')}>
        Redrive all
      </Button>
      <Button icon={Trash2} refused={refused} isBusy={move.isPending} onClick={() => setAsked('purge')}>
        Purge all
      </Button>
      {asked === 'redrive' && (
        <Confirm
          title={`Send ${plural(total, 'letter')} again?`}
          about="Each waits in its queue again, with all its attempts before it."
          verb="Redrive all"
          onClose={() => setAsked(undefined)}
          onConfirm={() => move.mutate('redrive')}
        />
      )}
      {asked === 'purge' && (
        <Confirm
          title={`Remove ${plural(total, 'letter')} for good?`}
          about="Nobody can bring them back."
          verb="Purge all"
          isDangerous
          onClose={() => setAsked(undefined)}
          onConfirm={() => move.mutate('purge')}
        />
      )}
    </div>
  )
}
