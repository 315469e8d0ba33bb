/** A button that is only a picture, with its name for those who do not see it. */

import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import { classes } from './classes'
import { Tip } from './Tip'

type Props = Omit<ComponentProps<'button'>, 'children' | 'disabled'> & {
  icon: LucideIcon
  label: string
  refused?: string | false | undefined
}

export function IconButton({ icon: Icon, label, refused, className, onClick, ...rest }: Props) {
  return (
    <Tip text={refused || label}>
      <button
        type="button"
        aria-label={label}
        aria-disabled={refused ? true : undefined}
        onClick={refused ? (event) => event.preventDefault() : onClick}
        {...rest}
        className={classes(
          'relative inline-flex size-7 shrink-0 items-center justify-center rounded-md text-soft transition-colors hover:bg-hover hover:text-ink',
          refused && 'opacity-50',
          className,
        )}
      >
        <Icon size={15} aria-hidden />
      </button>
    </Tip>
  )
}
