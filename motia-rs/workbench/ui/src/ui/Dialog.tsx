/** A window in the middle, for what has to be decided. */

// Radix' own overlay writes a <style> element, which the page's policy forbids: the scrim is ours.
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { classes } from './classes'

type Props = {
  title: string
  about?: ReactNode
  isOpen: boolean
  onClose: () => void
  children: ReactNode
  isWide?: boolean
}

export function Dialog({ title, about, isOpen, onClose, children, isWide }: Props) {
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <div aria-hidden className="fixed inset-0 z-40 bg-scrim" />
        <Radix.Content
          {...(about ? {} : { 'aria-describedby': undefined })}
          className={classes(
            'appear fixed top-[12vh] left-1/2 z-40 flex max-h-[78vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col rounded-xl border border-line bg-raised shadow-pop outline-none',
            isWide ? 'max-w-3xl' : 'max-w-lg',
          )}
        >
          <div className="px-5 pt-4 pb-2">
            <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
            {about && <Radix.Description className="mt-1 text-soft">{about}</Radix.Description>}
          </div>
          <div className="min-h-0 flex-1 overflow-auto px-5 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
