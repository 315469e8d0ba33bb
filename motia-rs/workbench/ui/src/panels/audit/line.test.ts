import { expect, test } from 'vitest'
import { whatOf } from './line'

test('what was changed reads as a few words', () => {
  expect(whatOf({ what: 'queue Pay' })).toBe('queue Pay')
  expect(whatOf({ what: { group: 'orders', key: '1', n: 2 } })).toBe('group=orders key=1 n=2')
  expect(whatOf({ what: null })).toBe('')
})
