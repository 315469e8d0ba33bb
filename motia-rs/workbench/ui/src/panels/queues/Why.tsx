/** Why a delivery is not running: what the gates themselves say that keep it. */

import { Clock3 } from 'lucide-react'
import type { Explained } from '~/api/shapes'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Text } from '~/ui/Text'
import { sentence } from './reasons'

export function Why({ of }: { of: Explained }) {
  switch (of.status) {
    case 'running':
      return (
        <p className="flex items-center gap-2">
          <Badge tone="accent">running</Badge> attempt {of.attempt}, begun <Ago at={of.since} />
        </p>
      )
    case 'waiting':
      return (
        <ul aria-label="Reasons" className="space-y-1.5">
          {of.reasons.map((reason) => (
            <li key={reason.because} className="flex gap-2 rounded-md bg-sunken px-3 py-2">
              <Clock3 size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
              <Text of={sentence(reason)} isWhole />
            </li>
          ))}
        </ul>
      )
    case 'dead':
      return (
        <p className="flex items-center gap-2">
          <Badge tone="bad">dead</Badge> <Text of={of.reason} isWhole />
        </p>
      )
    case 'ended':
      return (
        <p className="flex items-center gap-2">
          <Badge>{of.ending}</Badge> <Ago at={of.at} /> · <Text of={of.note} isWhole />
        </p>
      )
  }
}
