/** A part of a sheet under a small heading. */

import type { ReactNode } from 'react'

type Props = { title: ReactNode; actions?: ReactNode; children: ReactNode }

export function Section({ title, actions, children }: Props) {
  return (
    <section className="border-b border-line px-4 py-3 last:border-0">
      <div className="mb-2 flex min-h-7 items-center justify-between gap-2">
        <h2 className="text-xs font-semibold text-faint">{title}</h2>
        {actions && <div className="flex items-center gap-1">{actions}</div>}
      </div>
      {children}
    </section>
  )
}
