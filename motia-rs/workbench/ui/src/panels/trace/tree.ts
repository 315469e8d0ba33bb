/** The runs of a trace as a tree: each below the run that caused it. */

import type { RunRecord } from '~/api/shapes'

export type Branch = { run: RunRecord; depth: number; begin: number; end: number }

/** Lines in the order in which they are drawn; times in milliseconds since the trace began. */
export function branches(runs: RunRecord[]): { lines: Branch[]; total: number } {
  const bySpan = new Map(runs.map((run) => [run.spanId, run]))
  const children = new Map<string, RunRecord[]>()
  const roots: RunRecord[] = []
  for (const run of runs) {
    const isChild = run.parent !== undefined && run.parent !== run.spanId && bySpan.has(run.parent)
    if (!isChild) roots.push(run)
    else children.set(run.parent as string, [...(children.get(run.parent as string) ?? []), run])
  }
  const began = (run: RunRecord) => micros(run.startedAt)
  const start = Math.min(...runs.map(began))

  const lines: Branch[] = []
  const seen = new Set<RunRecord>()
  const visit = (run: RunRecord, depth: number) => {
    if (seen.has(run)) return
    seen.add(run)
    const begin = (began(run) - start) / 1000
    lines.push({ run, depth, begin, end: begin + run.tookUs / 1000 })
    for (const child of sorted(children.get(run.spanId) ?? [])) visit(child, depth + 1)
  }
  const sorted = (some: RunRecord[]) => [...some].sort((one, other) => began(one) - began(other))
  for (const root of sorted(roots)) visit(root, 0)
  // Spans that cause each other in a circle cannot be; if they are, they are shown all the same.
  for (const run of runs) visit(run, 0)

  return { lines, total: Math.max(...lines.map((line) => line.end), 0.001) }
}

/** An instant in microseconds: dates of the browser end at milliseconds. */
export function micros(at: string): number {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? ''
  const whole = Date.parse(at.replace(/\.\d+/, ''))
  return whole * 1000 + Number(`${fraction}000000`.slice(0, 6))
}
