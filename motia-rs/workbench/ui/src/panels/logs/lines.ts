/** Joins log lines that came by different ways. */

import type { LogLine } from '~/api/shapes'

/** As many lines are kept in the page. */
export const MOST = 20_000

/** All of them, the newest first, each once. */
export function added(lines: LogLine[], fresh: LogLine[]): LogLine[] {
  if (fresh.length === 0) return lines
  const newest = lines[0]?.id ?? 0
  const sorted = [...fresh].sort((one, other) => other.id - one.id)
  const isAbove = (sorted.at(-1)?.id ?? 0) > newest
  if (isAbove) return [...sorted, ...lines].slice(0, MOST)

  const byId = new Map(lines.map((line) => [line.id, line]))
  for (const line of sorted) byId.set(line.id, line)
  return [...byId.values()].sort((one, other) => other.id - one.id).slice(0, MOST)
}
