/** Places many steps quickly: in columns by how far they are from where things begin. */

import type { FlowInfo } from '~/api/shapes'

/** For each step its column and its place in it. */
export function layers({ steps, edges }: Pick<FlowInfo, 'steps' | 'edges'>): Map<string, [number, number]> {
  const into = new Map<string, string[]>(steps.map((step) => [step, []]))
  const out = new Map<string, string[]>(steps.map((step) => [step, []]))
  for (const { from, to } of edges) {
    if (from === to || !out.has(from) || !into.has(to)) continue
    out.get(from)?.push(to)
    into.get(to)?.push(from)
  }

  // Breadth first: a step that is reached again, by a circle too, keeps its column.
  const column = new Map<string, number>()
  const spread = (roots: string[]) => {
    let wave = roots.filter((step) => !column.has(step))
    for (let depth = 0; wave.length > 0; depth++) {
      for (const step of wave) column.set(step, depth)
      wave = [...new Set(wave.flatMap((step) => out.get(step) ?? []))].filter((step) => !column.has(step))
    }
  }
  spread(steps.filter((step) => into.get(step)?.length === 0))
  for (const step of steps) spread([step])

  const columns: string[][] = []
  for (const step of steps) {
    const at = column.get(step) ?? 0
    columns[at] ??= []
    columns[at].push(step)
  }
  const places = new Map<string, [number, number]>()
  columns.forEach((members, at) => {
    const height = (step: string) => {
      const rows = (into.get(step) ?? []).flatMap((from) => places.get(from)?.[1] ?? [])
      return rows.length > 0 ? rows.reduce((sum, row) => sum + row, 0) / rows.length : 0
    }
    const heights = new Map(members.map((step) => [step, height(step)]))
    const ordered = members.sort((one, other) => (heights.get(one) ?? 0) - (heights.get(other) ?? 0))
    ordered.forEach((step, row) => {
      places.set(step, [at, row])
    })
  })
  return places
}
