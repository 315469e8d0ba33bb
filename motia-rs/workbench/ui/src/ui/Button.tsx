/** A button; one that must not be pressed says why, and can still be reached to hear it. */

import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { classes } from './classes'
import { Tip } from './Tip'

type Look = 'plain' | 'primary' | 'danger' | 'ghost'

type Props = Omit<ComponentProps<'button'>, 'disabled'> & {
  look?: Look
  icon?: LucideIcon
  /** Why it cannot be pressed now. */
  refused?: string | false | undefined
  isBusy?: boolean
  children?: ReactNode
}

const LOOKS: Record<Look, string> = {
  plain: 'border border-edge bg-surface text-ink hover:bg-hover',
  primary: 'border border-accent bg-accent text-on-accent hover:opacity-90',
  danger: 'border border-bad bg-bad text-on-bad hover:opacity-90',
  ghost: 'border border-transparent text-soft hover:bg-hover hover:text-ink',
}

export function Button({ look = 'plain', icon: Icon, refused, isBusy, children, ...rest }: Props) {
  const { className, onClick, ...other } = rest
  const isOff = Boolean(refused) || isBusy
  const button = (
    <button
      type="button"
      {...other}
      aria-disabled={isOff || undefined}
      onClick={isOff ? (event) => event.preventDefault() : onClick}
      className={classes(
        'relative inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md px-2.5 font-medium whitespace-nowrap transition-colors select-none',
        LOOKS[look],
        isOff && 'opacity-60 hover:bg-inherit',
        className,
      )}
    >
      {Icon && <Icon size={15} aria-hidden className="shrink-0" />}
      {children}
    </button>
  )
  return <Tip text={refused}>{button}</Tip>
}
