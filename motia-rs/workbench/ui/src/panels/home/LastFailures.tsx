/** The runs that failed last. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { runs } from '~/api/queries'
import { Ago } from '~/ui/Ago'
import { KindMark } from '~/ui/KindMark'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { Box } from './Box'

export const lastFailures = () => runs({ outcome: 'failed', limit: 8 })

export function LastFailures() {
  const query = useQuery(lastFailures())
  const all = (
    <Link
      to={'/runs' as string}
      search={{ outcome: 'failed' } as never}
      className="text-accent hover:underline"
    >
      All of them
    </Link>
  )
  return (
    <Box title="Last failures" aside={all}>
      <Loaded of={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="flex items-center gap-3 px-4 py-6 text-soft">
              <CircleCheck size={20} aria-hidden className="text-ok" />
              No run failed, as far as runs are kept.
            </p>
          ) : (
            <ul className="divide-y divide-line">
              {items.map(({ id, traceId, kind, step, error, startedAt }) => (
                <li key={id}>
                  <Link
                    to={'/traces/$trace' as string}
                    params={{ trace: traceId } as never}
                    search={{ run: id } as never}
                    className="flex items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
                  >
                    <KindMark kind={kind} />
                    <span className="flex min-w-0 flex-1 flex-col">
                      <Text of={step} className="font-medium" />
                      <Text of={error ?? 'failed'} className="text-xs text-bad" />
                    </span>
                    <span className="shrink-0 text-xs text-faint">
                      <Ago at={startedAt} />
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Box>
  )
}
