/** Copies a text. */

import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { tell } from '~/app/toasts'
import { IconButton } from './IconButton'

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setDone(true)
      setTimeout(() => setDone(false), 1500)
    } catch {
      tell('bad', 'The browser does not let this page copy.')
    }
  }
  return <IconButton icon={isDone ? Check : Copy} label={isDone ? 'Copied' : label} onClick={copy} />
}
