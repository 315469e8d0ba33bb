/** Sends the request of an API step again: shows its headers, and asks for those that were not kept. */

import { useState } from 'react'
import { replayRun } from '~/api/actions'
import type { KeptHeaders, RunRecord } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { Pairs } from '~/panels/endpoints/Pairs'
import { added, sentAgain, toFillIn, without } from '~/panels/runs/headers'
import { Button } from '~/ui/Button'
import { Dialog } from '~/ui/Dialog'
import { Facts } from '~/ui/Facts'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'

export function ReplayRequest({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const headers = run.input?.headers
  const [pairs, setPairs] = useState(() => toFillIn(headers))
  const replay = useAction({
    do: () => replayRun(String(run.id), added(pairs)),
    touches: ['runs', 'queues'],
    done: ({ status, headersLeftOut }) => `${run.step} answered ${status}${without(headersLeftOut)}`,
  })
  const sent = sentAgain(headers, pairs)
  return (
    <Dialog
      title="Replay the request?"
      about="It goes through its middleware and its checks once more. What it does to the world outside, it does again."
      isOpen
      onClose={onClose}
    >
      <div className="-mx-4">
        <Section title="Headers that were kept, and are sent">
          {sent.length === 0 ? (
            <p className="text-faint">None</p>
          ) : (
            // A header may stand there several times: told by its name once, with all its values.
            <Facts facts={byName(sent).map(([name, values]) => [name, <Values key={name} of={values} />])} />
          )}
        </Section>
        <Pairs
          title="Headers that you add"
          about={lacking(headers)}
          of="header"
          pairs={pairs}
          onChange={setPairs}
          isSecret
        />
      </div>
      <div className="mt-3 flex justify-end gap-2">
        <Button onClick={onClose}>Leave it</Button>
        <Button
          look="primary"
          isBusy={replay.isPending}
          onClick={() => replay.mutate(undefined, { onSuccess: onClose })}
        >
          Replay
        </Button>
      </div>
    </Dialog>
  )
}

function Values({ of }: { of: string[] }) {
  return <Text of={of.join('\n')} isMono isWhole />
}

function byName(headers: [string, string][]): [string, string[]][] {
  const names = new Map<string, string[]>()
  for (const [name, value] of headers) names.set(name, [...(names.get(name) ?? []), value])
  return [...names]
}

/** What the request had and is not kept. */
function lacking(headers: KeptHeaders | undefined): string {
  const added = 'What you add is sent, and kept nowhere.'
  if (!headers) return `The run is of before headers were kept. ${added}`
  const { leftOut = [] } = headers
  if (leftOut.length === 0) return added
  return `Not kept, for they may carry secrets: ${leftOut.join(', ')}. Left empty, they are left out. ${added}`
}
