/** Where the steps of a flow are drawn: where somebody put them, else in layers from left to right. */

import dagre from '@dagrejs/dagre'
import type { FlowInfo } from '~/api/shapes'
import { bundles, labelOf } from './graph'
import { layers } from './layers'

export const WIDTH = 216
export const HEIGHT = 84

/** Between steps that have no lines. */
const GAP = 32

export type Positions = Record<string, { x: number; y: number }>

/** More steps than this are placed in a simpler way, for the better one takes seconds. */
const MANY = 120

/** The upper left corner of each step. */
export function place(flow: FlowInfo, saved: Positions): Positions {
  return { ...(flow.steps.length > MANY ? inColumns(flow) : arranged(flow)), ...only(flow.steps, saved) }
}

function inColumns(flow: FlowInfo): Positions {
  const places = [...layers(flow)]
  return Object.fromEntries(
    places.map(([step, [column, row]]) => [step, { x: column * (WIDTH + 160), y: row * (HEIGHT + 28) }]),
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
