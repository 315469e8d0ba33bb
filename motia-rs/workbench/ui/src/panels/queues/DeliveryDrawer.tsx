/** One delivery: where it is, why it does not run, and what it carries. */

import { useQuery } from '@tanstack/react-query'
import { Ban } from 'lucide-react'
import { useState } from 'react'
import { cancelDelivery } from '~/api/actions'
import { delivery } from '~/api/queries'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { Button } from '~/ui/Button'
import { Confirm } from '~/ui/Confirm'
import { Drawer } from '~/ui/Drawer'
import { Loaded } from '~/ui/Loaded'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { EventFacts } from './EventFacts'
import { Failures } from './Failures'
import { Why } from './Why'

export function DeliveryDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(delivery(id))
  const [isAsking, setAsking] = useState(false)
  const refused = useRefused()
  const cancel = useAction({ do: cancelDelivery, touches: ['queues'], done: (_, id) => `${id} is cancelled` })
  const status = query.data?.status
  const isOver = status === 'dead' || status === 'ended'
  return (
    <Drawer
      name={`Delivery ${id}`}
      title={
        <>
          Delivery <Text of={id} isMono className="text-sm" />
        </>
      }
      onClose={onClose}
      actions={
        !isOver && (
          <Button icon={Ban} refused={refused} onClick={() => setAsking(true)}>
            Cancel it
          </Button>
        )
      }
    >
      <Loaded of={query}>
        {(found) => (
          <>
            <Section title={status === 'waiting' ? 'Why it waits' : 'Where it is'}>
              <Why of={found} />
            </Section>
            {found.failures.length > 0 && (
              <Section title="Failed attempts">
                <Failures of={found.failures} />
              </Section>
            )}
            <EventFacts event={found.event} lane={found.key} attempts={found.attempts} due={found.due} />
          </>
        )}
      </Loaded>
      {isAsking && (
        <Confirm
          title={`Cancel ${id}?`}
          about="It is not handled, and is kept in the history as cancelled."
          verb="Cancel it"
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={() => cancel.mutate(id)}
        />
      )}
    </Drawer>
  )
}
