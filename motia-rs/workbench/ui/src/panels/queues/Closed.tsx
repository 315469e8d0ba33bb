/** What keeps everything of a queue from starting, whichever it is. */

import { Hand } from 'lucide-react'
import type { Reason } from '~/api/shapes'
import { Text } from '~/ui/Text'
import { sentence } from './reasons'

export function Closed({ reasons }: { reasons: Reason[] }) {
  if (reasons.length === 0) return null
  return (
    <div
      role="status"
      className="flex shrink-0 items-start gap-2.5 border-b border-line bg-warn-wash px-4 py-2"
    >
      <Hand size={16} aria-hidden className="mt-0.5 shrink-0 text-warn" />
      <div>
        <span className="font-medium">Nothing of this queue starts now. </span>
        {reasons.map((reason) => (
          <Text key={reason.because} of={`${sentence(reason)} `} isWhole />
        ))}
      </div>
    </div>
  )
}
