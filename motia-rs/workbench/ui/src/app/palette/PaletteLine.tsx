/** A line of what was found. */

import { classes } from '~/ui/classes'
import { Key } from '~/ui/Key'
import { Text } from '~/ui/Text'
import type { Found } from './things'

type Props = {
  id: string
  at: number
  thing: Found
  isChosen: boolean
  onPoint: () => void
  onOpen: () => void
}

export function PaletteLine({ id, at, thing, isChosen, onPoint, onOpen }: Props) {
  const { icon: Icon, title, about, sort, hint } = thing
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which keeps the focus
    <div
      id={id}
      data-at={at}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      onMouseMove={onPoint}
      onClick={onOpen}
      className={classes(
        'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5',
        isChosen && 'bg-accent-wash',
      )}
    >
      <Icon size={15} aria-hidden className="shrink-0 text-soft" />
      <Text of={title} className="max-w-[60%] shrink-0" />
      <Text of={about} className="flex-1 text-faint" />
      {hint ? (
        <span className="flex gap-1">
          <Key>g</Key>
          <Key>{hint}</Key>
        </span>
      ) : (
        <span className="shrink-0 text-2xs text-faint">{sort}</span>
      )}
    </div>
  )
}
