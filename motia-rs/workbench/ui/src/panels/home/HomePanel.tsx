/** What the app is, what is wrong right now, how much goes through, and what failed last. */

import { useQuery } from '@tanstack/react-query'
import { app } from '~/api/queries'
import { Badge } from '~/ui/Badge'
import { Page } from '~/ui/Page'
import { Scroll } from '~/ui/Scroll'
import { AppFacts } from './AppFacts'
import { Busiest } from './Busiest'
import { LastFailures } from './LastFailures'
import { Throughput } from './Throughput'
import { Troubles } from './Troubles'

export default function HomePanel() {
  const { data } = useQuery(app())
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
        <div className="mx-auto grid max-w-6xl gap-4 p-4 lg:grid-cols-3">
          <div className="space-y-4 lg:col-span-2">
            <Troubles />
            <LastFailures />
            <Busiest />
          </div>
          <div className="space-y-4">
            <Throughput />
            <AppFacts />
          </div>
        </div>
      </Scroll>
    </Page>
  )
}
