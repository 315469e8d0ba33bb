/** A flow as nodes and lines, with what goes on at each. */

import { type Edge as Line, type Node, type NodeHandle, Position } from '@xyflow/react'
import type { Activity, FlowInfo, QueueInfo, StepInfo } from '~/api/shapes'
import { count } from '~/text/format'
import { printable } from '~/text/printable'
import type { Positions } from './place'
import { HEIGHT, WIDTH } from './size'

export type StepData = {
  step: StepInfo
  activity: Activity | undefined
  isPaused: boolean
  isChosen: boolean
  isSetGoing: boolean
  setsGoing: boolean
}
export type StepNodeType = Node<StepData, 'step'>

type Live = { steps: StepInfo[]; activity: Activity[]; queues: QueueInfo[]; chosen: string | undefined }

// Every node has one size: nothing has to be drawn to be measured, and of a thousand only those in sight are drawn.
const SIZE = { width: WIDTH, height: HEIGHT }
const HANDLES: NodeHandle[] = [
  { type: 'target', position: Position.Left, x: 0, y: HEIGHT / 2, width: 1, height: 1 },
  { type: 'source', position: Position.Right, x: WIDTH, y: HEIGHT / 2, width: 1, height: 1 },
]

export function nodesOf(
  positions: Positions,
  edges: FlowInfo['edges'],
  { steps, activity, queues, chosen }: Live,
): StepNodeType[] {
  const [froms, tos] = [new Set(edges.map(({ from }) => from)), new Set(edges.map(({ to }) => to))]
  const live = new Map(activity.map((each) => [each.step, each]))
  const paused = new Set(queues.filter((queue) => queue.paused).map(({ queue }) => queue))
  return steps.map((step) => ({
    id: step.name,
    type: 'step',
    position: positions[step.name] ?? { x: 0, y: 0 },
    measured: SIZE,
    handles: HANDLES,
    data: {
      step,
      activity: live.get(step.name),
      isPaused: paused.has(step.name),
      isChosen: step.name === chosen,
      isSetGoing: tos.has(step.name),
      setsGoing: froms.has(step.name),
    },
  }))
}

/** Two steps have one line between them, however many topics go along it. */
export type Bundle = { from: string; to: string; topics: string[]; drawn: boolean }

export function bundles(edges: FlowInfo['edges']): Bundle[] {
  const found = new Map<string, Bundle>()
  for (const { from, to, topic, drawn } of edges) {
    const key = JSON.stringify([from, to])
    const known = found.get(key)
    if (!known) found.set(key, { from, to, topics: [topic], drawn })
    else {
      known.topics.push(topic)
      known.drawn &&= drawn
    }
  }
  return [...found.values()]
}

/** `order.placed`, `order.placed +2`. */
export function labelOf({ topics: [first = '', ...more] }: Pick<Bundle, 'topics'>): string {
  return more.length > 0 ? `${printable(first)} +${more.length}` : printable(first)
}

/** A line shows what waits at its end where no other line leads there: else nobody knows by which it came. */
export function linesOf(flow: FlowInfo, { activity, queues, chosen }: Live): Line[] {
  const live = new Map(activity.map((each) => [each.step, each]))
  const depths = new Map(queues.map((each) => [each.queue, each]))
  const all = bundles(flow.edges)
  const into = new Map<string, number>()
  for (const { to, drawn } of all) if (!drawn) into.set(to, (into.get(to) ?? 0) + 1)
  return all.map((bundle) => {
    const { from, to, drawn } = bundle
    const label = labelOf(bundle)
    const depth = depths.get(to)
    const waiting = depth ? depth.waiting + depth.delayed + depth.held : (live.get(to)?.waiting ?? 0)
    const isTold = !drawn && into.get(to) === 1 && waiting > 0
    const isNear = chosen !== undefined && (from === chosen || to === chosen)
    return {
      id: JSON.stringify([from, to]),
      source: from,
      target: to,
      label: isTold ? `${label} · ${count(waiting)} waiting` : label,
      animated: !drawn && (live.get(to)?.running ?? 0) > 0,
      className: [drawn ? 'is-drawn' : '', isNear ? 'is-near' : ''].join(' '),
      focusable: false,
    }
  })
}
