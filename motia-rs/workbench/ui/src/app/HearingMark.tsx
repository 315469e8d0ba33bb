/** Whether what is shown is kept true as things happen. */

import { Dot } from '~/ui/Dot'
import { Tip } from '~/ui/Tip'
import { useHearing } from './live'

const SHOWN = {
  live: ['ok', 'Live', 'The app tells at once what changes.'],
  polling: ['warn', 'Every 2 s', 'The app cannot tell what changes: it is asked every two seconds.'],
  lost: ['bad', 'No answer', 'The app does not answer. It is tried again.'],
} as const

export function HearingMark() {
  const [tone, word, about] = SHOWN[useHearing()]
  return (
    <Tip text={about}>
      <span role="status" className="flex items-center gap-1.5 text-xs text-soft">
        <Dot tone={tone} />
        {word}
      </span>
    </Tip>
  )
}
