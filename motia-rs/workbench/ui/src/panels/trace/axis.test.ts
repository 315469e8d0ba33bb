import { expect, test } from 'vitest'
import { axisOf } from './axis'

test('time is drawn as it passed while something runs', () => {
  const { place, breaks } = axisOf(
    [
      { begin: 0, end: 60 },
      { begin: 50, end: 100 },
    ],
    100,
  )
  expect(breaks).toEqual([])
  expect([0, 25, 100].map(place)).toEqual([0, 0.25, 1])
})

test('a replay after a day leaves the bars of the first run as wide as its own', () => {
  const day = 86_400_000
  const { place, breaks } = axisOf(
    [
      { begin: 0, end: 10 },
      { begin: 10 + day, end: 20 + day },
    ],
    20 + day,
  )
  expect(breaks).toEqual([{ left: expect.closeTo(0.46), right: expect.closeTo(0.54), millis: day }])
  expect(place(10)).toBeCloseTo(0.46)
  expect(1 - place(10 + day)).toBeCloseTo(0.46)
  expect(place(20 + day)).toBeCloseTo(1)
})

test('many breaks leave room for what ran', () => {
  const spans = Array.from({ length: 21 }, (_, at) => ({ begin: at * 1000, end: at * 1000 + 1 }))
  const { place, breaks } = axisOf(spans, 20_001)
  expect(breaks).toHaveLength(20)
  expect(place(1)).toBeCloseTo(0.6 / 21)
})

test('a wait that is shorter than what ran is drawn as it was', () => {
  const spans = [
    { begin: 0, end: 50 },
    { begin: 90, end: 100 },
  ]
  expect(axisOf(spans, 100).breaks).toEqual([])
})
