/** A part of the overview. */

import type { ReactNode } from 'react'

type Props = { title: string; aside?: ReactNode; children: ReactNode }

export function Box({ title, aside, children }: Props) {
  return (
    <section aria-label={title} className="card overflow-hidden">
      <div className="flex h-11 items-center justify-between gap-3 border-b border-line px-4">
        <h2 className="font-semibold">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}
