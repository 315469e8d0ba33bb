import { expect, test } from 'vitest'
import type { LogLine } from '~/api/shapes'
import { added, MOST } from './lines'

const line = (id: number) => ({ id }) as LogLine
const ids = (lines: LogLine[]) => lines.map(({ id }) => id)

test('new lines stand on top, in their order', () => {
  expect(ids(added([line(2), line(1)], [line(3), line(4)]))).toEqual([4, 3, 2, 1])
})

test('a line that came twice is shown once', () => {
  expect(ids(added([line(3), line(1)], [line(2), line(3)]))).toEqual([3, 2, 1])
})

test('the oldest give way', () => {
  const many = Array.from({ length: MOST }, (_, at) => line(MOST - at))
  const lines = added(many, [line(MOST + 1)])
  expect(lines).toHaveLength(MOST)
  expect(lines[0]?.id).toBe(MOST + 1)
})
