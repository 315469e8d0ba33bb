/** One value of a JSON text, with what it holds. */

import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { plural } from '~/text/format'
import { printable } from '~/text/printable'
import { classes } from '~/ui/classes'
import { JsonLeaf } from './JsonLeaf'
import { rawText } from './lossless'

/** As many fields or items are shown at once. */
const SHOWN = 100

type Props = { value: unknown; name?: string; depth: number; openDepth: number; isLast?: boolean }

export function JsonNode({ value, name, depth, openDepth, isLast = true }: Props) {
  const entries = entriesOf(value)
  const [isOpen, setOpen] = useState(depth < openDepth && (entries?.length ?? 0) <= 50)
  const [shown, setShown] = useState(SHOWN)
  const comma = isLast ? '' : ','
  const key = name !== undefined && (
    <span className="whitespace-pre text-api">
      {JSON.stringify(printable(name))}
      <span className="text-faint">: </span>
    </span>
  )
  if (!entries) {
    return (
      <div className="pl-4 break-words whitespace-pre-wrap">
        {key}
        <JsonLeaf value={value} />
        <span className="text-faint">{comma}</span>
      </div>
    )
  }

  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (entries.length === 0) {
    return (
      <div className="pl-4">
        {key}
        <span className="text-faint">
          {open}
          {close}
          {comma}
        </span>
      </div>
    )
  }
  return (
    <div className="pl-4">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="-ml-4 inline-flex items-center text-left"
      >
        <ChevronRight
          size={12}
          aria-hidden
          className={classes('mr-1 shrink-0 text-faint transition-transform', isOpen && 'rotate-90')}
        />
        {key}
        <span className="text-faint">
          {open}
          {!isOpen && ` ${plural(entries.length, Array.isArray(value) ? 'item' : 'field')} ${close}${comma}`}
        </span>
      </button>
      {isOpen && (
        <>
          {entries.slice(0, shown).map(([field, each], at) => (
            <JsonNode
              key={field}
              {...(Array.isArray(value) ? {} : { name: field })}
              value={each}
              depth={depth + 1}
              openDepth={openDepth}
              isLast={at === entries.length - 1}
            />
          ))}
          {entries.length > shown && (
            <button type="button" className="ml-4 text-accent underline" onClick={() => setShown(shown * 10)}>
              {plural(entries.length - shown, 'more')}
            </button>
          )}
          <div className="text-faint">
            {close}
            {comma}
          </div>
        </>
      )}
    </div>
  )
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== 'object' || value === null || rawText(value) !== undefined) return undefined
  return Object.entries(value)
}
