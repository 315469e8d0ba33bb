import { expect, test } from 'vitest'
import type { RunRecord } from '~/api/shapes'
import { branches, micros } from './tree'

const run = (spanId: string, parent: string | undefined, at: number, tookUs: number) =>
  ({ spanId, parent, startedAt: new Date(at).toISOString(), tookUs, step: spanId }) as RunRecord

test('each run stands below the one that caused it, in the order of time', () => {
  const runs = [
    run('c', 'a', 30, 1000),
    run('a', undefined, 0, 5000),
    run('b', 'a', 10, 1000),
    run('d', 'b', 40, 2000),
  ]

  const { lines, total } = branches(runs)

  expect(lines.map(({ run, depth }) => `${'>'.repeat(depth)}${run.spanId}`)).toEqual(['a', '>b', '>>d', '>c'])
  expect(total).toBe(42)
})

test('a run whose cause is not kept begins a tree of its own', () => {
  expect(branches([run('x', 'gone', 0, 1)]).lines[0]?.depth).toBe(0)
})

test('runs that cause each other are shown once', () => {
  expect(branches([run('x', 'y', 0, 1), run('y', 'x', 1, 1)]).lines).toHaveLength(2)
})

test('instants keep their microseconds', () => {
  expect(micros('2026-01-01T00:00:00.000123Z') - micros('2026-01-01T00:00:00Z')).toBe(123)
})
