/** What the app is, what is wrong right now, how much goes through, and what failed last. */

import { type UseQueryOptions, useQueries, useQuery } from '@tanstack/react-query'
import { activity, app, circuits, dead, queues, steps } from '~/api/queries'
import { Badge } from '~/ui/Badge'
import { Loading } from '~/ui/Loading'
import { Page } from '~/ui/Page'
import { Scroll } from '~/ui/Scroll'
import { AppFacts } from './AppFacts'
import { Busiest } from './Busiest'
import { LastFailures, lastFailures } from './LastFailures'
import { Throughput } from './Throughput'
import { Troubles } from './Troubles'

export default function HomePanel() {
  const { data } = useQuery(app())
  // All parts at once: one that came later would push the others away under somebody's finger.
  const asked = useQueries({
    queries: [app(), queues(), circuits(), dead(), lastFailures(), activity(), steps()] as UseQueryOptions[],
  })
  const isReady = asked.every(({ isPending }) => !isPending)
  return (
    <Page
      title="Overview"
      about={
        data?.role === 'read' ? (
          <Badge>You may look, not change</Badge>
        ) : (
          'What is wrong right now, and how much goes through'
        )
      }
    >
      <Scroll label="Overview">
        {isReady ? (
          <div className="mx-auto grid max-w-6xl grid-cols-1 gap-4 p-4 lg:grid-cols-3">
            <div className="min-w-0 space-y-4 lg:col-span-2">
              <Troubles />
              <LastFailures />
              <Busiest />
            </div>
            <div className="min-w-0 space-y-4">
              <Throughput />
              <AppFacts />
            </div>
          </div>
        ) : (
          <Loading />
        )}
      </Scroll>
    </Page>
  )
}
