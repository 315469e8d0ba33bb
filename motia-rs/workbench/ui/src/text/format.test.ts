import { expect, test } from 'vitest'
import { ago, bytes, count, plural, span, took, zoned } from './format'

test('durations keep two figures that matter', () => {
  expect(took(940)).toBe('940 µs')
  expect(took(1240)).toBe('1.2 ms')
  expect(took(3_200_000)).toBe('3.2 s')
  expect(span(59.96)).toBe('1 min')
  expect(span(250)).toBe('4 min 10 s')
  expect(span(90_000)).toBe('1 d 1 h')
})

test('what lies ahead and what lies behind read differently', () => {
  expect(ago(0, 12_000)).toBe('12 s ago')
  expect(ago(180_000, 0)).toBe('in 3 min')
  expect(ago(0, 400)).toBe('now')
})

test('one is not many', () => {
  expect(plural(1, 'event')).toBe('1 event')
  expect(plural(1200, 'entry', 'entries')).toBe('1,200 entries')
  expect(count(2_340_000)).toBe('2.3M')
  expect(bytes(1234)).toBe('1.2 kB')
})

test('a zone that the browser does not know is shown in UTC', () => {
  expect(zoned('2026-11-23T08:00:00Z', 'Europe/Rome')).toContain('09:00:00')
  expect(zoned('2026-11-23T08:00:00Z', 'Mars/Base')).toContain('08:00:00')
})
