/** How the last runs of a cron step went, as dots. */

import type { Outcome } from '~/api/shapes'
import { Dot, type DotTone } from '~/ui/Dot'

const TONES: Partial<Record<Outcome, DotTone>> = { ok: 'ok', failed: 'bad', rejected: 'warn' }

export function LastOutcomes({ of }: { of: Outcome[] }) {
  if (of.length === 0) return <span className="text-faint">none</span>
  const failed = of.filter((outcome) => outcome === 'failed').length
  return (
    <span
      role="img"
      aria-label={`The last ${of.length} runs, ${failed} of them failed`}
      className="flex items-center gap-1"
    >
      {of.toReversed().map((outcome, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an outcome is nothing but its place
        <Dot key={at} tone={TONES[outcome] ?? 'quiet'} />
      ))}
    </span>
  )
}
