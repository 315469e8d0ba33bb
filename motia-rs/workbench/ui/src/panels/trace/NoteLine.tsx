/** One thing that a run did: a log line, an emit, state, a stream, a span of a library. */

import { Database, type LucideIcon, Radio, ScrollText, Timer, Zap } from 'lucide-react'
import type { Note } from '~/api/shapes'
import { JsonView } from '~/json/JsonView'
import { took } from '~/text/format'
import { classes } from '~/ui/classes'
import { Text } from '~/ui/Text'
import { LEVEL_TEXT } from '../logs/levels'
import { micros } from './tree'

const ICONS: Record<Note['what'], LucideIcon> = {
  log: ScrollText,
  emit: Zap,
  state: Database,
  stream: Radio,
  span: Timer,
}

export function NoteLine({ note, began }: { note: Note; began: string }) {
  const Icon = ICONS[note.what] ?? ScrollText
  return (
    <li className="flex gap-2.5 py-1">
      <span className="w-14 shrink-0 pt-px text-right text-2xs text-faint">
        +{took(micros(note.at) - micros(began))}
      </span>
      <Icon
        size={14}
        aria-hidden
        className={classes('mt-0.5 shrink-0', note.what === 'log' ? LEVEL_TEXT[note.level] : 'text-faint')}
      />
      <div className="min-w-0 flex-1">
        <What note={note} />
      </div>
    </li>
  )
}

function What({ note }: { note: Note }) {
  switch (note.what) {
    case 'log':
      return (
        <>
          <Text of={note.message} isWhole className={note.level === 'error' ? 'text-bad' : ''} />
          {note.fields !== undefined && note.fields !== null && (
            <JsonView value={note.fields} label="Fields of the line" isBare />
          )}
        </>
      )
    case 'emit':
      return (
        <>
          emitted <Text of={note.topic} isMono />
        </>
      )
    case 'state':
      return (
        <>
          state {note.verb}{' '}
          <Text of={note.key === undefined ? note.group : `${note.group}/${note.key}`} isMono isWhole />
        </>
      )
    case 'stream':
      return (
        <>
          stream {note.verb}{' '}
          <Text of={note.key === undefined ? note.stream : `${note.stream}/${note.key}`} isMono isWhole />
        </>
      )
    case 'span':
      return (
        <>
          <Text of={note.name} isMono /> took {took(note.tookUs)}
        </>
      )
  }
}
