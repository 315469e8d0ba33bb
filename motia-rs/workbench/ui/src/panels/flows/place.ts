/** Where the steps of a flow are drawn: where somebody put them, else in layers from left to right. */

import dagre from '@dagrejs/dagre'
import type { FlowInfo } from '~/api/shapes'
import { bundles, labelOf } from './graph'
import { layers } from './layers'
import { parts, shelved } from './parts'
import { HEIGHT, WIDTH } from './size'

/** Between steps that have no lines. */
const GAP = 32

export type Positions = Record<string, { x: number; y: number }>

/** More steps than this are placed in a simpler way, for the better one takes seconds. */
const MANY = 120

/** Then from the corner of a step to the corner of the next one, and between parts that have no lines. */
const [ACROSS, DOWN, APART] = [WIDTH + 160, HEIGHT + 28, 160]

/** The upper left corner of each step. */
export function place(flow: FlowInfo, saved: Positions): Positions {
  return { ...(flow.steps.length > MANY ? inColumns(flow) : arranged(flow)), ...only(flow.steps, saved) }
}

/** What hangs together in columns, and each part by itself. */
function inColumns(flow: FlowInfo): Positions {
  const placed = parts(flow).map((part) => [...layers(part)])
  const most = (part: (typeof placed)[number], at: 0 | 1) => Math.max(...part.map(([, place]) => place[at]))
  const sizes = placed.map((part) => ({
    width: most(part, 0) * ACROSS + WIDTH,
    height: most(part, 1) * DOWN + HEIGHT,
  }))
  const corners = shelved(sizes, APART)
  return Object.fromEntries(
    placed.flatMap((part, at) => {
      const { x, y } = corners[at] ?? { x: 0, y: 0 }
      return part.map(([step, [column, row]]) => [step, { x: x + column * ACROSS, y: y + row * DOWN }])
    }),
  )
}

/** What is saved of steps that are gone is left aside. */
function only(steps: string[], saved: Positions): Positions {
  const known = new Set(steps)
  return Object.fromEntries(Object.entries(saved).filter(([step]) => known.has(step)))
}

/** Steps with lines between them in layers; those without stand together below. */
function arranged(flow: FlowInfo): Positions {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 26, ranksep: 44 })
  graph.setDefaultEdgeLabel(() => ({}))
  const lines = bundles(flow.edges).filter(({ from, to }) => from !== to)
  const bound = new Set(lines.flatMap(({ from, to }) => [from, to]))
  for (const step of flow.steps) if (bound.has(step)) graph.setNode(step, { width: WIDTH, height: HEIGHT })
  for (const line of lines) {
    graph.setEdge(line.from, line.to, { width: labelOf(line).length * 6.5 + 12, height: 16, labelpos: 'c' })
  }
  dagre.layout(graph)

  const positions: Positions = {}
  let [right, bottom] = [0, -GAP]
  for (const step of bound) {
    const { x, y } = graph.node(step)
    positions[step] = { x: x - WIDTH / 2, y: y - HEIGHT / 2 }
    right = Math.max(right, x + WIDTH / 2)
    bottom = Math.max(bottom, y + HEIGHT / 2)
  }

  const alone = flow.steps.filter((step) => !bound.has(step))
  const across = Math.max(3, Math.floor((right + GAP) / (WIDTH + GAP)))
  alone.forEach((step, at) => {
    const [row, column] = [Math.floor(at / across), at % across]
    positions[step] = { x: column * (WIDTH + GAP), y: bottom + GAP + row * (HEIGHT + GAP) }
  })
  return positions
}
