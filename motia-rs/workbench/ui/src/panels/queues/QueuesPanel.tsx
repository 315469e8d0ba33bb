/** What waits for each event step, and what keeps it from starting. */

import { useQuery } from '@tanstack/react-query'
import { Inbox, Zap } from 'lucide-react'
import { useState } from 'react'
import { circuits, queues } from '~/api/queries'
import type { QueueInfo } from '~/api/shapes'
import { useRefused } from '~/app/useRole'
import { DataGrid } from '~/lists/DataGrid'
import { ChoiceFilter, SearchFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { plural } from '~/text/format'
import { Button } from '~/ui/Button'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Loading } from '~/ui/Loading'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { Circuits } from './Circuits'
import { EmitDialog } from './EmitDialog'
import { PauseButton } from './PauseButton'
import { QueueStand } from './QueueStand'
import { Tally } from './Tally'

const COLUMNS: Column<QueueInfo>[] = [
  {
    key: 'queue',
    title: 'Queue of',
    width: 'minmax(12rem, 1fr)',
    narrow: 'minmax(8rem, 1fr)',
    cell: ({ queue }) => <Text of={queue} />,
  },
  {
    key: 'stand',
    title: 'Stands',
    width: 'minmax(9rem, 16rem)',
    cell: (queue) => <QueueStand queue={queue} />,
  },
  number('running', 'Running'),
  { ...number('waiting', 'Waiting'), narrow: '4rem' },
  number('delayed', 'Delayed'),
  number('held', 'Held', 'warn'),
  { ...number('dead', 'Dead', 'bad'), narrow: '3rem' },
  {
    key: 'pause',
    title: '',
    width: '2rem',
    narrow: '2rem',
    cell: (queue) => <PauseButton queue={queue} isSmall />,
  },
]

function number(
  key: 'running' | 'waiting' | 'delayed' | 'held' | 'dead',
  title: string,
  tone?: 'warn' | 'bad',
) {
  const cell = (queue: QueueInfo) => <Tally of={queue[key]} tone={tone} />
  return { key, title, width: '5rem', isNumber: true, cell }
}

export default function QueuesPanel() {
  const [filters] = useFilters()
  const [isEmitting, setEmitting] = useState(false)
  const refused = useRefused()
  const query = useQuery(queues())
  // Read together: circuits that came later would push the list down.
  const isReady = !useQuery(circuits()).isPending
  return (
    <Page
      title="Queues"
      about="What waits for each event step, and why"
      actions={
        <Button icon={Zap} refused={refused} onClick={() => setEmitting(true)}>
          Emit an event
        </Button>
      }
      controls={
        <>
          <SearchFilter label="Find a queue" />
          <ChoiceFilter
            name="show"
            label="Which queues"
            any="All queues"
            options={[
              { value: 'busy', title: 'With something in them' },
              { value: 'dead', title: 'With dead letters' },
              { value: 'paused', title: 'Paused or gone' },
            ]}
          />
        </>
      }
    >
      <Loaded of={query}>
        {(all) => {
          if (!isReady) return <Loading />
          const shown = all.filter((queue) => isShown(queue, filters.q ?? '', filters.show ?? ''))
          return (
            <div className="flex h-full flex-col">
              <Circuits />
              <div className="min-h-0 flex-1">
                {shown.length > 0 ? (
                  <DataGrid
                    label={`Queues: ${plural(shown.length, 'queue')}`}
                    items={shown}
                    columns={COLUMNS}
                    keyOf={({ queue }) => queue}
                    linkOf={({ queue }) => ({ to: '/queues/$step', params: { step: queue } })}
                  />
                ) : all.length > 0 ? (
                  <Empty icon={Inbox} title="No queue fits">
                    All {plural(all.length, 'queue')} are shown when the search is empty.
                  </Empty>
                ) : (
                  <Empty icon={Inbox} title="No step hears events yet" commands={['cargo run -- flows']}>
                    Each event step has a queue of its own. Write one, and it is shown here; `flows` lists
                    what the app has.
                  </Empty>
                )}
              </div>
            </div>
          )
        }}
      </Loaded>
      {isEmitting && <EmitDialog onClose={() => setEmitting(false)} />}
    </Page>
  )
}

function isShown(queue: QueueInfo, text: string, show: string): boolean {
  if (!queue.queue.toLowerCase().includes(text.toLowerCase())) return false
  if (show === 'busy') return queue.waiting + queue.delayed + queue.held + queue.dead > 0
  if (show === 'dead') return queue.dead > 0
  if (show === 'paused') return queue.paused !== null || queue.orphaned
  return true
}
