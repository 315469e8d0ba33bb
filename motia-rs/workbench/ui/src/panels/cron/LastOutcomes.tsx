/** How the last runs of a cron step went, as dots. */

import { useQuery } from '@tanstack/react-query'
import { runs } from '~/api/queries'
import { Dot, type DotTone } from '~/ui/Dot'

const TONES: Record<string, DotTone> = { ok: 'ok', failed: 'bad', rejected: 'warn' }

export function LastOutcomes({ step }: { step: string }) {
  const { data } = useQuery(runs({ step, limit: 10 }))
  const items = [...(data?.items ?? [])].reverse()
  if (items.length === 0) return <span className="text-faint">none</span>
  const failed = items.filter(({ outcome }) => outcome === 'failed').length
  return (
    <span
      role="img"
      aria-label={`The last ${items.length} runs, ${failed} of them failed`}
      className="flex items-center gap-1"
    >
      {items.map(({ id, outcome }) => (
        <Dot key={id} tone={TONES[outcome] ?? 'quiet'} />
      ))}
    </span>
  )
}
