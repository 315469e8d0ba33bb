/** One run as a bar over time, with its spans and what it emitted marked on it. */

import { took } from '~/text/format'
import { classes } from '~/ui/classes'
import { KindMark } from '~/ui/KindMark'
import { Text } from '~/ui/Text'
import { type Branch, micros } from './tree'

type Props = {
  line: Branch
  at: number
  top: number
  height: number
  /** Where an instant of the trace is drawn, as a share of the whole. */
  place: (at: number) => number
  isChosen: boolean
  onChoose: () => void
}

const BARS: Record<string, string> = {
  ok: 'bg-accent',
  rejected: 'bg-warn',
  postponed: 'bg-edge',
  failed: 'bg-bad',
  cancelled: 'bg-edge',
}

export function WaterfallRow({ line, at, top, height, place, isChosen, onChoose }: Props) {
  const { run, depth, begin, end } = line
  const left = place(begin) * 100
  const width = place(end) * 100 - left
  const began = micros(run.startedAt)
  const marks = run.notes.filter((note) => note.what === 'emit').slice(0, 50)
  return (
    <div data-row={at} className="absolute inset-x-0" style={{ transform: `translateY(${top}px)`, height }}>
      <button
        type="button"
        onClick={onChoose}
        aria-pressed={isChosen}
        aria-label={`${run.step}, ${run.outcome}, took ${took(run.tookUs)}`}
        className={classes(
          'flex h-full w-full items-center border-b border-line text-left -outline-offset-2',
          isChosen ? 'bg-accent-wash' : 'hover:bg-hover',
        )}
      >
        <span
          className="flex w-2/5 min-w-0 items-center gap-2 pr-3 lg:w-64"
          style={{ paddingLeft: `${1 + Math.min(depth, 8) * 0.9}rem` }}
        >
          <KindMark kind={run.kind} />
          <Text of={run.step} />
          {run.attempt > 1 && <span className="shrink-0 text-2xs text-warn">×{run.attempt}</span>}
        </span>
        <span className="relative mr-16 h-full flex-1">
          <span
            className={classes(
              'absolute top-1/2 h-3 -translate-y-1/2 rounded-sm',
              BARS[run.outcome] ?? 'bg-accent',
            )}
            style={{ left: `${left}%`, width: `max(3px, ${width}%)` }}
          />
          {marks.map((note) => (
            <span
              key={`${note.at} ${note.what === 'emit' ? note.event : ''}`}
              className="absolute top-1/2 size-1.5 -translate-x-1/2 -translate-y-1/2 rotate-45 bg-surface outline-1 outline-ink"
              style={{ left: `${place(begin + (micros(note.at) - began) / 1000) * 100}%` }}
            />
          ))}
          <span
            className="absolute top-1/2 -translate-y-1/2 pl-2 text-2xs whitespace-nowrap text-soft"
            style={{ left: `${Math.min(left + width, 100)}%` }}
          >
            {took(run.tookUs)}
          </span>
        </span>
      </button>
    </div>
  )
}
