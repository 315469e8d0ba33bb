/** How far back a list goes. */

const MINUTES: Record<string, number> = { '5m': 5, '1h': 60, '1d': 24 * 60, '7d': 7 * 24 * 60 }

export const SINCE = [
  { value: '', title: 'Any time' },
  { value: '5m', title: 'Last 5 minutes' },
  { value: '1h', title: 'Last hour' },
  { value: '1d', title: 'Last day' },
  { value: '7d', title: 'Last week' },
]

/** The instant that lies so far back; none for any time. */
export function sinceOf(last: string, now: number): string | undefined {
  const minutes = MINUTES[last]
  return minutes === undefined ? undefined : new Date(now - minutes * 60_000).toISOString()
}
