import { expect, test } from 'vitest'
import { searchOf, textOf } from './search'

test('a trace id of figures only stays the text that it is', () => {
  const trace = '12345678901234567890123456789012'
  expect(searchOf(`?trace=${trace}`)).toEqual({ trace })
})

test('what is empty is left out', () => {
  expect(textOf({ step: 'A&B', text: '', outcome: undefined })).toBe('?step=A%26B')
  expect(textOf({})).toBe('')
})
