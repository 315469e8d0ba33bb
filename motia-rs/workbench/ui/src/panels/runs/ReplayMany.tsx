/** Sends all runs that the filters find again, where they can be. */

import { useQuery } from '@tanstack/react-query'
import { RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { replayRuns } from '~/api/actions'
import { steps } from '~/api/queries'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import type { Filters } from '~/lists/useFilters'
import type { Pair } from '~/panels/endpoints/draft'
import { Pairs } from '~/panels/endpoints/Pairs'
import { plural } from '~/text/format'
import { Button } from '~/ui/Button'
import { Confirm } from '~/ui/Confirm'
import { Dialog } from '~/ui/Dialog'
import { Text } from '~/ui/Text'
import { added, without } from './headers'

/** As many are sent again at once. */
const MOST = 1000

export function ReplayMany({ filter }: { filter: Filters }) {
  const [isAsking, setAsking] = useState(false)
  const [pairs, setPairs] = useState<Pair[]>([])
  const { data } = useQuery({ ...steps(), enabled: isAsking })
  const mayNot = useRefused()
  const { step, flow, outcome, trace, since, until, text } = filter
  const asked = { step, flow, outcome, trace, since, until, text }
  const isNarrow = Boolean(step || flow || outcome || trace || text)
  const refused = mayNot ?? (isNarrow ? undefined : 'Filter first: by step, flow, outcome, trace or text.')
  const takesHeaders = !step || data?.find(({ name }) => name === step)?.kind === 'api'
  const replay = useAction({
    do: (headers: Record<string, string>) => replayRuns({ ...asked, limit: MOST }, headers),
    touches: ['runs', 'queues'],
    done: ({ replayed, headersLeftOut }) => `${plural(replayed, 'run')} sent again${without(headersLeftOut)}`,
  })
  const close = () => {
    setAsking(false)
    setPairs([])
  }
  const left = replay.data?.refused ?? []
  return (
    <>
      <Button icon={RotateCcw} refused={refused} isBusy={replay.isPending} onClick={() => setAsking(true)}>
        Replay these
      </Button>
      {isAsking && (
        <Confirm
          title="Replay what the filters find?"
          about={`${outcome ? 'Runs' : 'Failed runs'} that the filters find are handled once more with what they were given, each event once and at most ${MOST} of them. What they do to the world outside, they do again.`}
          verb="Replay"
          onClose={close}
          onConfirm={() => replay.mutate(added(pairs))}
        >
          {takesHeaders && (
            <div className="-mx-4">
              <Pairs
                title="Headers for the requests among them"
                about="Those that may carry secrets were not kept, and are left out unless you add them. What you add is sent, and kept nowhere."
                of="header"
                pairs={pairs}
                onChange={setPairs}
                isSecret
              />
            </div>
          )}
        </Confirm>
      )}
      <Dialog
        title={`${plural(left.length, 'run')} could not be replayed`}
        isOpen={left.length > 0}
        onClose={() => replay.reset()}
      >
        <ul className="max-h-80 space-y-1 overflow-auto">
          {left.map(({ id, why }) => (
            <li key={id} className="flex gap-3">
              <Text of={id} isMono className="shrink-0" />
              <Text of={why} isWhole />
            </li>
          ))}
        </ul>
      </Dialog>
    </>
  )
}
