/** What scrolls when there is no room, with the keys too. */

import type { ReactNode } from 'react'
import { classes } from './classes'

type Props = { label: string; className?: string; children: ReactNode }

export function Scroll({ label, className, children }: Props) {
  return (
    <section aria-label={label} tabIndex={0} className={classes('h-full overflow-auto', className)}>
      {children}
    </section>
  )
}
