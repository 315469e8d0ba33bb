/** A sheet at the side, for a closer look at one thing while the list stays. */

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useRef } from 'react'
import { IconButton } from './IconButton'

type Props = {
  title: ReactNode
  /** What it is called where only text can stand. */
  name: string
  actions?: ReactNode
  onClose: () => void
  children: ReactNode
}

export function Drawer({ title, name, actions, onClose, children }: Props) {
  const sheet = useRef<HTMLDivElement>(null)
  // Looked at while it is drawn first: once it is there, it has the focus itself.
  const opener = useRef(document.activeElement)
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()} modal={false}>
      <Radix.Portal>
        <Radix.Content
          ref={sheet}
          aria-describedby={undefined}
          // No button gets the focus by itself: Enter in a list must do nothing but open the sheet.
          onOpenAutoFocus={(event) => {
            event.preventDefault()
            sheet.current?.focus()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            if (opener.current instanceof HTMLElement) opener.current.focus()
          }}
          onInteractOutside={(event) => event.preventDefault()}
          className="slide-in fixed top-0 right-0 bottom-0 z-30 flex w-full max-w-xl flex-col min-[1600px]:max-w-2xl border-l border-line bg-surface shadow-pop outline-none"
        >
          <div className="flex min-h-13 items-center gap-2 border-b border-line px-4 py-2">
            <Radix.Title
              aria-label={name}
              className="flex min-w-0 flex-1 items-center gap-2 text-base font-semibold"
            >
              {title}
            </Radix.Title>
            {actions}
            <IconButton icon={X} label="Close (Esc)" onClick={onClose} />
          </div>
          <section aria-label={`About ${name}`} tabIndex={0} className="min-h-0 flex-1 overflow-auto">
            {children}
          </section>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
