/** Where the steps of a flow are drawn: where somebody put them, else in layers from left to right. */

import dagre from '@dagrejs/dagre'
import type { FlowInfo } from '~/api/shapes'
import { layers } from './layers'

export const WIDTH = 232
export const HEIGHT = 84

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

function arranged(flow: FlowInfo): Positions {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 110, marginx: 24, marginy: 24 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const step of flow.steps) graph.setNode(step, { width: WIDTH, height: HEIGHT })
  for (const { from, to, topic } of flow.edges) {
    if (from !== to) graph.setEdge(from, to, { width: Math.min(topic.length * 6, 200), height: 16 }, topic)
  }
  dagre.layout(graph)

  const positions: Positions = {}
  for (const step of flow.steps) {
    const { x, y } = graph.node(step)
    positions[step] = { x: x - WIDTH / 2, y: y - HEIGHT / 2 }
  }
  return positions
}
