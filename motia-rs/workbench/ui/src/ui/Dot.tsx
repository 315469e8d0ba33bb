/** A dot in a colour that means something; the word beside it says what. */

import { classes } from './classes'

export type DotTone = 'ok' | 'warn' | 'bad' | 'accent' | 'quiet'

const TONES: Record<DotTone, string> = {
  ok: 'bg-ok',
  warn: 'bg-warn',
  bad: 'bg-bad',
  accent: 'bg-accent',
  quiet: 'bg-edge',
}

export function Dot({ tone, isBeating }: { tone: DotTone; isBeating?: boolean }) {
  return (
    <span
      aria-hidden
      className={classes(
        'inline-block size-2 shrink-0 rounded-full',
        TONES[tone],
        isBeating && 'animate-pulse',
      )}
    />
  )
}
