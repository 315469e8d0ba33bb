/** What is wrong right now, each leading to where it can be set right. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRight, CircleCheck, Hand, OctagonAlert } from 'lucide-react'
import { circuits, dead, queues } from '~/api/queries'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { Box } from './Box'
import { type Trouble, troubles } from './wrong'

export function Troubles() {
  const all = useQuery(queues())
  const cut = useQuery(circuits()).data ?? []
  const letters = useQuery(dead()).data?.total ?? 0
  return (
    <Box title="Right now">
      <Loaded of={all}>
        {(known) => {
          const found = troubles(known, cut, letters)
          if (found.length === 0) {
            return (
              <p className="flex items-center gap-3 px-4 py-6 text-soft">
                <CircleCheck size={20} aria-hidden className="text-ok" />
                Nothing is wrong: no dead letters, no open circuit, nothing paused or held.
              </p>
            )
          }
          return (
            <ul className="divide-y divide-line">
              {found.map((trouble) => (
                <TroubleLine key={trouble.key} trouble={trouble} />
              ))}
            </ul>
          )
        }}
      </Loaded>
    </Box>
  )
}

function TroubleLine({ trouble: { tone, title, about, to, params, search } }: { trouble: Trouble }) {
  return (
    <li>
      <Link
        to={to}
        params={params as never}
        search={(search ?? {}) as never}
        className="flex items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
      >
        {tone === 'bad' ? (
          <OctagonAlert size={18} aria-hidden className="shrink-0 text-bad" />
        ) : (
          <Hand size={18} aria-hidden className="shrink-0 text-warn" />
        )}
        <span className="flex min-w-0 flex-1 flex-col">
          <Text of={title} className="font-medium" />
          <Text of={about} className="text-xs text-soft" />
        </span>
        <ChevronRight size={16} aria-hidden className="shrink-0 text-faint" />
      </Link>
    </li>
  )
}
