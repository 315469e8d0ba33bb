/** A field under its name. */

import type { ReactNode } from 'react'

type Props = { label: string; hint?: ReactNode; children: ReactNode }

export function Labelled({ label, hint, children }: Props) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="block min-w-0 space-y-1">
      <span className="flex items-baseline gap-2 text-xs">
        <span className="font-medium text-soft">{label}</span>
        {hint && <span className="truncate text-faint">{hint}</span>}
      </span>
      {children}
    </label>
  )
}
