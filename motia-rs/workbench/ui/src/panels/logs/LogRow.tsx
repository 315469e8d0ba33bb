/** One log line. */

import { memo } from 'react'
import type { LogLine } from '~/api/shapes'
import { clockTime } from '~/text/format'
import { oneLine } from '~/text/printable'
import { classes } from '~/ui/classes'
import { LEVEL_TEXT } from './levels'

type Props = {
  line: LogLine
  at: number
  top: number
  height: number
  isOpen: boolean
  onOpen: (id: string) => void
}

export const LogRow = memo(function LogRow({ line, at, top, height, isOpen, onOpen }: Props) {
  const fields = Object.entries(line.fields ?? {})
  return (
    <li data-row={at} className="absolute inset-x-0" style={{ transform: `translateY(${top}px)`, height }}>
      <button
        type="button"
        onClick={() => onOpen(String(line.id))}
        aria-current={isOpen ? 'true' : undefined}
        className={classes(
          'flex h-full w-full items-center gap-3 border-b border-line/60 px-4 text-left font-mono text-xs -outline-offset-2',
          isOpen ? 'bg-accent-wash' : 'hover:bg-hover',
        )}
      >
        <time dateTime={line.at} className="shrink-0 text-faint">
          {clockTime(line.at)}
        </time>
        <span className={classes('w-10 shrink-0 font-semibold', LEVEL_TEXT[line.level])}>{line.level}</span>
        <span className="w-40 shrink-0 truncate text-soft max-md:hidden">
          {oneLine(line.step ?? line.target)}
        </span>
        <span dir="auto" className="max-w-full shrink truncate">
          {oneLine(line.message)}
        </span>
        <span className="min-w-0 flex-1 truncate text-faint max-sm:hidden">
          {fields.map(([name, value]) => oneLine(`${name}=${short(value)}`)).join('  ')}
        </span>
      </button>
    </li>
  )
})

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
