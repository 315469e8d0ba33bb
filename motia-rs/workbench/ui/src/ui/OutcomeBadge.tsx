/** How a run ended. */

import type { Outcome } from '~/api/shapes'
import { Badge, type Tone } from './Badge'

export const OUTCOMES: Outcome[] = ['ok', 'rejected', 'postponed', 'failed', 'cancelled']

const TONES: Record<Outcome, Tone> = {
  ok: 'ok',
  rejected: 'warn',
  postponed: 'quiet',
  failed: 'bad',
  cancelled: 'quiet',
}

export function OutcomeBadge({ outcome, status }: { outcome: Outcome; status?: number | undefined }) {
  return (
    <Badge tone={TONES[outcome] ?? 'quiet'}>
      {outcome}
      {status !== undefined && <span className="font-mono">{status}</span>}
    </Badge>
  )
}
