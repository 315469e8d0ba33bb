/** A flow as nodes and lines, with what goes on at each. */

import type { Edge as Line, Node } from '@xyflow/react'
import type { Activity, FlowInfo, QueueInfo, StepInfo } from '~/api/shapes'
import { count } from '~/text/format'
import { printable } from '~/text/printable'
import type { Positions } from './place'

export type StepData = {
  step: StepInfo
  activity: Activity | undefined
  isPaused: boolean
  isChosen: boolean
}
export type StepNodeType = Node<StepData, 'step'>

type Live = { steps: StepInfo[]; activity: Activity[]; queues: QueueInfo[]; chosen: string | undefined }

export function nodesOf(positions: Positions, { steps, activity, queues, chosen }: Live): StepNodeType[] {
  const live = new Map(activity.map((each) => [each.step, each]))
  const paused = new Set(queues.filter((queue) => queue.paused).map(({ queue }) => queue))
  return steps.map((step) => ({
    id: step.name,
    type: 'step',
    position: positions[step.name] ?? { x: 0, y: 0 },
    data: {
      step,
      activity: live.get(step.name),
      isPaused: paused.has(step.name),
      isChosen: step.name === chosen,
    },
  }))
}

/** A line shows what waits at its end where no other line leads there: else nobody knows by which it came. */
export function linesOf(flow: FlowInfo, { activity, queues, chosen }: Live): Line[] {
  const live = new Map(activity.map((each) => [each.step, each]))
  const depths = new Map(queues.map((each) => [each.queue, each]))
  const into = new Map<string, number>()
  for (const { to, drawn } of flow.edges) if (!drawn) into.set(to, (into.get(to) ?? 0) + 1)
  return flow.edges.map(({ from, to, topic, drawn }) => {
    const depth = depths.get(to)
    const waiting = depth ? depth.waiting + depth.delayed + depth.held : (live.get(to)?.waiting ?? 0)
    const isTold = !drawn && into.get(to) === 1 && waiting > 0
    const isNear = chosen !== undefined && (from === chosen || to === chosen)
    return {
      id: `${from} ${topic} ${to}`,
      source: from,
      target: to,
      label: isTold ? `${printable(topic)} · ${count(waiting)} waiting` : printable(topic),
      animated: !drawn && (live.get(to)?.running ?? 0) > 0,
      className: [drawn ? 'is-drawn' : '', isNear ? 'is-near' : ''].join(' '),
      focusable: false,
    }
  })
}
