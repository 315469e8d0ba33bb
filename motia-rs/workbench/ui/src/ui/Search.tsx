/** A field that is typed in to find something; `/` leads here, Esc empties it and leaves. */

import { Search as Glass } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { classes } from './classes'

/** How long nothing is typed before it is looked for. */
const QUIET = 180

type Props = {
  label: string
  value: string
  onChange: (value: string) => void
  className?: string
  placeholder?: string
}

export function Search({ label, value, onChange, className, placeholder }: Props) {
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  const change = useRef(onChange)
  change.current = onChange

  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value
      setTyped(value)
    }
  }, [value])

  useEffect(() => {
    if (typed === sent.current) return
    const timer = setTimeout(() => {
      sent.current = typed
      change.current(typed)
    }, QUIET)
    return () => clearTimeout(timer)
  }, [typed])

  return (
    <span className={classes('relative flex min-w-0 items-center', className)}>
      <Glass size={14} aria-hidden className="pointer-events-none absolute left-2.5 text-faint" />
      <input
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        data-search
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          setTyped('')
          event.currentTarget.blur()
        }}
        className="field w-full pl-8"
      />
    </span>
  )
}
