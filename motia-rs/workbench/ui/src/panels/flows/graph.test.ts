import { expect, test } from 'vitest'
import type { Activity, QueueInfo, StepInfo } from '~/api/shapes'
import { bundles, labelOf, linesOf, nodesOf } from './graph'

const edge = (from: string, to: string, topic: string, drawn = false) => ({ from, to, topic, drawn })
const queue = (name: string, waiting: number) =>
  ({ queue: name, waiting, delayed: 1, held: 0, dead: 0, paused: { by: 'ana', since: '' } }) as QueueInfo
const flow = (...edges: ReturnType<typeof edge>[]) => ({
  name: 'f',
  description: '',
  steps: ['A', 'B', 'C'],
  edges,
})
const live = { steps: [], activity: [], queues: [queue('B', 4)], chosen: undefined }

test('the only line into a queue tells what waits there', () => {
  expect(linesOf(flow(edge('A', 'B', 'placed')), live)[0]?.label).toBe('placed · 5 waiting')
})

test('where two lines lead to a queue, neither claims what waits there', () => {
  const lines = linesOf(flow(edge('A', 'B', 'placed'), edge('C', 'B', 'again')), live)
  expect(lines.map(({ label }) => label)).toEqual(['placed', 'again'])
})

test('a line moves while its end is at work', () => {
  const activity = [{ step: 'B', running: 1 } as Activity]
  expect(linesOf(flow(edge('A', 'B', 'placed')), { ...live, activity })[0]?.animated).toBe(true)
})

test('a node knows that its queue is paused', () => {
  const steps = [{ name: 'B', kind: 'event' } as StepInfo]
  const [node] = nodesOf({ B: { x: 1, y: 2 } }, [], { ...live, steps })
  expect(node?.data.isPaused).toBe(true)
  expect(node?.position).toEqual({ x: 1, y: 2 })
})

test('two steps have one line between them', () => {
  const [bundle, ...others] = bundles([edge('A', 'B', 'placed'), edge('A', 'B', 'paid', true)])
  expect(others).toEqual([])
  expect(bundle).toEqual({ from: 'A', to: 'B', topics: ['placed', 'paid'], drawn: false })
  expect(labelOf(bundle ?? { topics: [] })).toBe('placed +1')
})
