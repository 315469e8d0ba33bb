/** One queue: what waits in it, what was given up, what ended, and how it is handled. */

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { dead, queue } from '~/api/queries'
import { useFilters } from '~/lists/useFilters'
import { DeadList } from '~/panels/dead/DeadList'
import { count } from '~/text/format'
import { Badge } from '~/ui/Badge'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Tabs } from '~/ui/Tabs'
import { Closed } from './Closed'
import { DeliveryDrawer } from './DeliveryDrawer'
import { EndedList } from './EndedList'
import { PauseButton } from './PauseButton'
import { QueueOptions } from './QueueOptions'
import { QueueStand } from './QueueStand'
import { WaitingList } from './WaitingList'

export default function QueuePanel() {
  const { step = '' } = useParams({ strict: false }) as { step?: string }
  const [filters, set] = useFilters()
  const query = useQuery(queue(step))
  const letters = useQuery(dead({ step }))
  const info = query.data
  const tally = (number: number | undefined, tone: 'quiet' | 'bad') =>
    number ? <Badge tone={tone}>{count(number)}</Badge> : null

  return (
    <Page
      title={step}
      before={
        <Link
          to={'/queues' as string}
          search={{} as never}
          aria-label="All queues"
          className="text-soft hover:text-ink"
        >
          <ArrowLeft size={17} aria-hidden />
        </Link>
      }
      about={info && <QueueStand queue={info} />}
      actions={info && <PauseButton queue={info} />}
    >
      <Loaded of={query}>
        {(info) => (
          <div className="flex h-full flex-col">
            <Closed reasons={info.closed} />
            <div className="min-h-0 flex-1">
              <Tabs
                label={`About the queue of ${step}`}
                shown={filters.tab ?? 'waiting'}
                onShow={(tab) => set({ tab: tab === 'waiting' ? '' : tab, id: '' })}
                tabs={[
                  {
                    key: 'waiting',
                    title: <>Waiting {tally(info.waiting + info.delayed + info.held, 'quiet')}</>,
                    body: () => <WaitingList step={step} />,
                  },
                  {
                    key: 'dead',
                    title: <>Dead letters {tally(letters.data?.total, 'bad')}</>,
                    body: () => <DeadList filter={{ step }} />,
                  },
                  { key: 'ended', title: 'Ended', body: () => <EndedList step={step} /> },
                  { key: 'options', title: 'How it is handled', body: () => <QueueOptions queue={info} /> },
                ]}
              />
            </div>
          </div>
        )}
      </Loaded>
      {filters.id && filters.tab !== 'dead' && (
        <DeliveryDrawer id={filters.id} onClose={() => set({ id: '' })} />
      )}
    </Page>
  )
}
