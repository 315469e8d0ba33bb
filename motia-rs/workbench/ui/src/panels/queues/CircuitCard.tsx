/** One circuit, opened and reset by hand. */

import { openCircuit, resetCircuit } from '~/api/actions'
import type { Circuit } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { Ago } from '~/ui/Ago'
import { Button } from '~/ui/Button'
import { Dot } from '~/ui/Dot'
import { Text } from '~/ui/Text'
import { standOf } from './circuit'

export function CircuitCard({ circuit }: { circuit: Circuit }) {
  const refused = useRefused()
  const open = useAction({
    do: openCircuit,
    touches: ['queues'],
    done: (_, name) => `The circuit ${name} is held open: nothing that needs it starts`,
  })
  const reset = useAction({
    do: resetCircuit,
    touches: ['queues'],
    done: (_, name) => `The circuit ${name} is closed`,
  })
  const { tone, word, until, by, since } = standOf(circuit)
  const isOpen = tone === 'bad'
  return (
    <div className="card flex items-center gap-3 py-1.5 pr-1.5 pl-3">
      <Dot tone={tone} />
      <div className="min-w-0">
        <div className="font-medium">
          Circuit <Text of={circuit.name} isMono />
        </div>
        <div className="text-xs text-soft">
          {word}
          {by && (
            <>
              {' '}
              by <Text of={by} />
            </>
          )}
          {since && (
            <>
              {' '}
              <Ago at={since} />
            </>
          )}
          {until && (
            <>
              , tried <Ago at={until} />
            </>
          )}
          {circuit.opensAfter !== undefined && !isOpen && ` · opens after ${circuit.opensAfter}`}
        </div>
      </div>
      {isOpen ? (
        <Button refused={refused} isBusy={reset.isPending} onClick={() => reset.mutate(circuit.name)}>
          Reset
        </Button>
      ) : (
        <Button
          look="ghost"
          refused={refused}
          isBusy={open.isPending}
          onClick={() => open.mutate(circuit.name)}
        >
          Open
        </Button>
      )}
    </div>
  )
}
