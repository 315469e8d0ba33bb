/** Asks before something is done that cannot be undone. */

import type { ReactNode } from 'react'
import { Button } from './Button'
import { Dialog } from './Dialog'

type Props = {
  title: string
  about: ReactNode
  /** The word on the button: what will be done. */
  verb: string
  isDangerous?: boolean
  /** What is to be said before. */
  children?: ReactNode
  onClose: () => void
  onConfirm: () => void
}

export function Confirm({ title, about, verb, isDangerous, children, onClose, onConfirm }: Props) {
  return (
    <Dialog title={title} about={about} isOpen onClose={onClose}>
      {children}
      <div className="mt-3 flex justify-end gap-2">
        <Button onClick={onClose}>Leave it</Button>
        <Button
          look={isDangerous ? 'danger' : 'primary'}
          onClick={() => {
            onConfirm()
            onClose()
          }}
        >
          {verb}
        </Button>
      </div>
    </Dialog>
  )
}
