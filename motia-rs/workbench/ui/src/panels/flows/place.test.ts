import { expect, test } from 'vitest'
import { place } from './place'

const flow = {
  name: 'orders',
  description: '',
  steps: ['Place', 'Charge', 'Ship'],
  edges: [
    { from: 'Place', to: 'Charge', topic: 'placed', drawn: false },
    { from: 'Charge', to: 'Ship', topic: 'charged', drawn: false },
    { from: 'Ship', to: 'Ship', topic: 'again', drawn: false },
  ],
}

test('who sets others going stands to their left', () => {
  const { Place, Charge, Ship } = place(flow, {})
  expect(Place?.x).toBeLessThan(Charge?.x ?? 0)
  expect(Charge?.x).toBeLessThan(Ship?.x ?? 0)
})

test('a step stays where somebody put it', () => {
  expect(place(flow, { Charge: { x: -7, y: 3 } }).Charge).toEqual({ x: -7, y: 3 })
})

test('a thousand steps are placed, those that begin at the left', () => {
  const steps = Array.from({ length: 1000 }, (_, at) => `S${at}`)
  const edges = steps
    .slice(1)
    .map((to, at) => ({ from: `S${Math.floor(at / 3)}`, to, topic: 't', drawn: false }))
  const placed = place({ ...flow, steps, edges }, {})
  expect(Object.keys(placed)).toHaveLength(1000)
  expect(placed.S0?.x).toBe(0)
  expect(new Set(Object.values(placed).map(({ x, y }) => `${x},${y}`)).size).toBe(1000)
})

test('steps that set each other going in a circle have a place each', () => {
  const steps = Array.from({ length: 200 }, (_, at) => `S${at}`)
  const edges = steps.map((from, at) => ({ from, to: `S${(at + 1) % 200}`, topic: 't', drawn: false }))
  expect(Object.keys(place({ ...flow, steps, edges }, {}))).toHaveLength(200)
})
