/** What can be done with a dead letter, in its row. */

import { RotateCcw, Trash2 } from 'lucide-react'
import type { DeadLetter } from '~/api/shapes'
import { useRefused } from '~/app/useRole'
import { Menu } from '~/ui/Menu'
import { useLetter } from './useLetter'

export function LetterMenu({ letter }: { letter: DeadLetter }) {
  const refused = useRefused()
  const { redrive, purge, dialog } = useLetter(letter.id)
  return (
    <span className="relative z-10">
      <Menu
        label={`What to do with ${letter.id}`}
        items={[
          { title: 'Redrive', icon: RotateCcw, refused, onSelect: redrive },
          { title: 'Purge', icon: Trash2, isDangerous: true, refused, onSelect: purge },
        ]}
      />
      {dialog}
    </span>
  )
}
