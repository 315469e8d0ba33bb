/** What the app is made of, and what it keeps things in. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { app } from '~/api/queries'
import type { Kind } from '~/api/shapes'
import { plural } from '~/text/format'
import { Facts } from '~/ui/Facts'
import { KINDS, KindMark } from '~/ui/KindMark'
import { Loaded } from '~/ui/Loaded'
import { Box } from './Box'

const DURABILITY: Record<string, string> = {
  durable: 'synced before an emit returns: survives a power cut',
  relaxed: 'written at once, synced within 100 ms',
  volatile: 'in memory: gone when the process is',
}

export function AppFacts() {
  const query = useQuery(app())
  return (
    <Box title="The app">
      <Loaded of={query}>
        {(info) => {
          const { durability } = info.store.capabilities
          return (
            <div className="space-y-4 p-4">
              <Facts
                facts={[
                  ['Store', info.store.name],
                  ['Keeps', DURABILITY[durability] ?? durability],
                  ['Opened', plural(info.store.epoch, 'time')],
                  ['motia-rs', info.version],
                ]}
              />
              <ul className="grid grid-cols-2 gap-2">
                {(Object.keys(KINDS) as Kind[]).map((kind) => (
                  <li key={kind} className="flex items-center gap-2">
                    <KindMark kind={kind} />
                    <span>
                      <strong className="font-semibold">{info.steps[kind]}</strong>{' '}
                      <span className="text-soft">{KINDS[kind].word}</span>
                    </span>
                  </li>
                ))}
              </ul>
              <Link to={'/flows' as string} search={{} as never} className="text-accent hover:underline">
                {plural(info.flows, 'flow')}
              </Link>
            </div>
          )
        }}
      </Loaded>
    </Box>
  )
}
