/** A word on what is pointed at or focused; without a word there is only that. */

import { Tooltip } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'

export function Tip({ text, children }: { text: ReactNode; children: ReactElement }) {
  return (
    <Tooltip.Root>
      {/* The same element whether there is a word or not: it keeps the focus when that changes. */}
      <Tooltip.Trigger asChild {...(text ? {} : { 'aria-describedby': undefined })}>
        {children}
      </Tooltip.Trigger>
      {text && (
        <Tooltip.Portal>
          <Tooltip.Content
            sideOffset={5}
            collisionPadding={8}
            className="appear z-50 max-w-72 rounded-md border border-line bg-raised px-2 py-1 text-xs text-ink shadow-pop"
          >
            {text}
          </Tooltip.Content>
        </Tooltip.Portal>
      )}
    </Tooltip.Root>
  )
}
