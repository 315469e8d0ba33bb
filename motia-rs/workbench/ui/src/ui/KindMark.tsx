/** What kind of step it is: a picture in the colour of the kind. */

import { CalendarClock, Globe, type LucideIcon, UserRound, Zap } from 'lucide-react'
import type { Kind } from '~/api/shapes'
import { classes } from './classes'

export const KINDS: Record<Kind, { icon: LucideIcon; word: string; text: string; wash: string }> = {
  api: { icon: Globe, word: 'API', text: 'text-api', wash: 'bg-api-wash' },
  event: { icon: Zap, word: 'Event', text: 'text-event', wash: 'bg-event-wash' },
  cron: { icon: CalendarClock, word: 'Cron', text: 'text-cron', wash: 'bg-cron-wash' },
  noop: { icon: UserRound, word: 'Outside', text: 'text-noop', wash: 'bg-noop-wash' },
}

export function KindMark({ kind }: { kind: Kind }) {
  const { icon: Icon, word, text, wash } = KINDS[kind] ?? KINDS.noop
  return (
    <span
      role="img"
      aria-label={`${word} step`}
      title={`${word} step`}
      className={classes('inline-flex size-5 shrink-0 items-center justify-center rounded', wash, text)}
    >
      <Icon size={13} aria-hidden />
    </span>
  )
}
