/** A panel: its heading and controls, and below them what scrolls. */

import type { ReactNode } from 'react'
import { useTitle } from './useTitle'

type Props = {
  title: string
  /** What stands before the title, such as a way back. */
  before?: ReactNode
  /** What the panel shows, in few words. */
  about?: ReactNode
  actions?: ReactNode
  /** A second line: filters and tabs. */
  controls?: ReactNode
  children: ReactNode
}

export function Page({ title, before, about, actions, controls, children }: Props) {
  useTitle(title)
  return (
    <div className="flex h-full min-w-0 flex-col">
      <header className="shrink-0 border-b border-line bg-surface">
        <div className="flex min-h-13 flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2">
          {before}
          <h1 className="min-w-0 truncate text-lg font-semibold tracking-tight">{title}</h1>
          <div className="min-w-0 flex-1 truncate text-soft max-md:hidden">{about}</div>
          {actions && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
        {controls && <div className="flex flex-wrap items-center gap-2 px-4 pb-2.5">{controls}</div>}
      </header>
      <div className="relative min-h-0 min-w-0 flex-1">{children}</div>
    </div>
  )
}
