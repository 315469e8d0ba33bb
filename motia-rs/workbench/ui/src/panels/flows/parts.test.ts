import { expect, test } from 'vitest'
import { parts, shelved } from './parts'

const edge = (from: string, to: string) => ({ from, to, topic: 't', drawn: false })

test('steps that hang together are one part, whichever way the topics go', () => {
  const found = parts({
    steps: ['A', 'B', 'C', 'D', 'E'],
    edges: [edge('C', 'A'), edge('B', 'D'), edge('C', 'gone')],
  })
  expect(found.map(({ steps }) => steps)).toEqual([['A', 'C'], ['B', 'D'], ['E']])
  expect(found[1]?.edges).toEqual([edge('B', 'D')])
})

test('what stands on a shelf does not overlap, and a full shelf is followed by another', () => {
  const places = shelved(
    Array.from({ length: 9 }, () => ({ width: 100, height: 100 })),
    10,
  )
  expect(new Set(places.map(({ x, y }) => `${x},${y}`)).size).toBe(9)
  expect(new Set(places.map(({ y }) => y))).toEqual(new Set([0, 110, 220]))
})
