import { expect, test } from 'vitest'
import { keyOf, quantile, rates, remember, seriesOf } from './series'

const runs = (value: number) => [
  { name: 'runs', help: 'Runs', type: 'counter', samples: [{ labels: { step: 'Pay' }, value }] },
]

test('what only grows is shown by how much it grew a second', () => {
  let past = remember(new Map(), runs(10), 0)
  past = remember(past, runs(30), 2000)
  const [series] = seriesOf(runs(30), past)
  expect(series?.line).toEqual([10])
  expect(series?.now).toBe('30')
})

test('a counter that began anew is no fall', () => {
  expect(
    rates([
      { at: 0, value: 50 },
      { at: 1000, value: 2 },
    ]),
  ).toEqual([0])
})

test('the order of labels does not matter', () => {
  expect(keyOf('m', { b: '2', a: '1' })).toBe(keyOf('m', { a: '1', b: '2' }))
})

test('a quantile is the bound of its bucket', () => {
  const sample = {
    labels: {},
    count: 10,
    sum: 1,
    buckets: [
      [0.1, 6],
      [1, 9],
    ] as [number, number][],
  }
  expect(quantile(sample, 0.5)).toBe('0.1')
  expect(quantile(sample, 0.9)).toBe('1')
  expect(quantile(sample, 0.99)).toBe('∞')
})
