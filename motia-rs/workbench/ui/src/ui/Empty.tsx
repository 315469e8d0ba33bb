/** There is nothing here: why, and what would bring something. */

import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Command } from './Command'

type Props = { icon: LucideIcon; title: string; children?: ReactNode; commands?: string[] }

export function Empty({ icon: Icon, title, children, commands = [] }: Props) {
  return (
    <div className="flex h-full min-h-64 flex-col items-center justify-center gap-3 p-6 text-center">
      <span className="flex size-11 items-center justify-center rounded-full bg-hover text-faint">
        <Icon size={20} aria-hidden />
      </span>
      <p className="text-base font-medium">{title}</p>
      {children && <div className="max-w-md text-soft">{children}</div>}
      {commands.length > 0 && (
        <div className="flex w-full max-w-xl flex-col gap-2">
          {commands.map((line) => (
            <Command key={line} line={line} />
          ))}
        </div>
      )}
    </div>
  )
}
