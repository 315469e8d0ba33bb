/** A short word in a colour that means something. */

import type { ReactNode } from 'react'
import { classes } from './classes'

export type Tone = 'quiet' | 'ok' | 'warn' | 'bad' | 'accent' | 'api' | 'event' | 'cron' | 'noop'

const TONES: Record<Tone, string> = {
  quiet: 'bg-hover text-soft',
  ok: 'bg-ok-wash text-ok',
  warn: 'bg-warn-wash text-warn',
  bad: 'bg-bad-wash text-bad',
  accent: 'bg-accent-wash text-accent',
  api: 'bg-api-wash text-api',
  event: 'bg-event-wash text-event',
  cron: 'bg-cron-wash text-cron',
  noop: 'bg-noop-wash text-noop',
}

export function Badge({ tone = 'quiet', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={classes(
        'inline-flex h-5 max-w-full items-center gap-1 truncate rounded px-1.5 text-2xs font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      {children}
    </span>
  )
}
