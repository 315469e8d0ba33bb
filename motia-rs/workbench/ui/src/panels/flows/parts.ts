/** Takes a flow apart into the steps that hang together, and puts what was placed apart side by side again. */

import type { FlowInfo } from '~/api/shapes'

export type Part = Pick<FlowInfo, 'steps' | 'edges'>

/** Steps with a way between them, whichever direction it has, in the order of their first steps. */
export function parts({ steps, edges }: Part): Part[] {
  const near = new Map<string, string[]>(steps.map((step) => [step, []]))
  for (const { from, to } of edges) {
    near.get(from)?.push(to)
    near.get(to)?.push(from)
  }
  const of = new Map<string, Part>()
  const found: Part[] = []
  for (const first of steps) {
    if (of.has(first)) continue
    const part: Part = { steps: [], edges: [] }
    found.push(part)
    of.set(first, part)
    const wave = [first]
    for (let step = wave.pop(); step !== undefined; step = wave.pop()) {
      part.steps.push(step)
      for (const other of near.get(step) ?? []) {
        if (of.has(other) || !near.has(other)) continue
        of.set(other, part)
        wave.push(other)
      }
    }
  }
  for (const edge of edges) of.get(edge.from)?.edges.push(edge)
  return found
}

export type Size = { width: number; height: number }

/** How much wider than high the whole becomes, about. */
const SHAPE = 1.6

/** Where each of these goes, on shelves: from left to right until one is full, then below it. */
export function shelved(sizes: Size[], gap: number): { x: number; y: number }[] {
  const area = sizes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  const full = Math.sqrt(area * SHAPE)
  let [x, y, high] = [0, 0, 0]
  return sizes.map(({ width, height }) => {
    if (x > 0 && x + width > full) [x, y, high] = [0, y + high + gap, 0]
    const place = { x, y }
    x += width + gap
    high = Math.max(high, height)
    return place
  })
}
