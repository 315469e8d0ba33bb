import { expect, test } from 'vitest'
import { isChanged, parse, pretty } from './lossless'

test('numbers that a double holds are numbers', () => {
  expect(parse('{"a":1,"b":0.1,"c":[-2e3]}')).toEqual({ a: 1, b: 0.1, c: [-2000] })
  expect(isChanged(9007199254740991, '9007199254740991')).toBe(false)
})

test('a number that a double would change is known', () => {
  expect(isChanged(Number('9007199254740993'), '9007199254740993')).toBe(true)
  expect(isChanged(Number('1e999'), '1e999')).toBe(true)
  expect(isChanged(Number('0.1234567890123456789'), '0.1234567890123456789')).toBe(true)
})

test('what cannot be written as JSON is empty', () => {
  expect(pretty({ a: 1 })).toBe('{\n  "a": 1\n}')
  expect(pretty(undefined)).toBe('')
})
