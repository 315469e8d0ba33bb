/** A JSON value that holds no others. */

import { useState } from 'react'
import { plural } from '~/text/format'
import { printable } from '~/text/printable'
import { rawText } from './lossless'

/** As many characters of a text are shown at first. */
const SHOWN = 1000

export function JsonLeaf({ value }: { value: unknown }) {
  const [isWhole, setWhole] = useState(false)
  if (typeof value === 'string') {
    const text = isWhole ? value : value.slice(0, SHOWN)
    return (
      <span dir="auto" className="text-ok">
        {printable(JSON.stringify(text))}
        {text.length < value.length && (
          <button type="button" className="ml-1 text-accent underline" onClick={() => setWhole(true)}>
            {plural(value.length - text.length, 'more character')}
          </button>
        )}
      </span>
    )
  }
  const raw = rawText(value)
  if (raw !== undefined || typeof value === 'number')
    return <span className="text-warn">{raw ?? String(value)}</span>
  return <span className="text-event">{String(value)}</span>
}
