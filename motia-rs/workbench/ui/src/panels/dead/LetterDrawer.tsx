/** One dead letter: each failed attempt, and what it carries. */

import { useQuery } from '@tanstack/react-query'
import { RotateCcw, Trash2 } from 'lucide-react'
import { deadLetter } from '~/api/queries'
import { useRefused } from '~/app/useRole'
import { EventFacts } from '~/panels/queues/EventFacts'
import { Failures } from '~/panels/queues/Failures'
import { Ago } from '~/ui/Ago'
import { Button } from '~/ui/Button'
import { Drawer } from '~/ui/Drawer'
import { Loaded } from '~/ui/Loaded'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { useLetter } from './useLetter'

export function LetterDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(deadLetter(id))
  const refused = useRefused()
  const { redrive, purge, isBusy, dialog } = useLetter(id, onClose)
  return (
    <Drawer
      name={`Dead letter ${id}`}
      title={
        <>
          Dead letter <Text of={id} isMono className="text-sm" />
        </>
      }
      onClose={onClose}
      actions={
        query.data && (
          <>
            <Button icon={RotateCcw} look="primary" refused={refused} isBusy={isBusy} onClick={redrive}>
              Redrive
            </Button>
            <Button icon={Trash2} refused={refused} isBusy={isBusy} onClick={purge}>
              Purge
            </Button>
          </>
        )
      }
    >
      <Loaded of={query}>
        {(letter) => (
          <>
            <Section title="Given up because">
              <Text of={letter.reason} isWhole className="font-medium text-bad" />
              <p className="mt-1 text-soft">
                <Text of={letter.queue} /> gave it up <Ago at={letter.diedAt} />.
              </p>
            </Section>
            <Section title="Failed attempts">
              <Failures of={letter.failures} />
            </Section>
            <EventFacts event={letter.event} lane={letter.key} attempts={letter.attempts} />
          </>
        )}
      </Loaded>
      {dialog}
    </Drawer>
  )
}
