import { expect, test } from 'vitest'
import { sentence } from './reasons'

test('each reason is a sentence', () => {
  expect(sentence({ because: 'behindInKey', key: 'ana', ahead: 2 })).toBe(
    '2 others of its key `ana` come first.',
  )
  expect(sentence({ because: 'behind', ahead: 1 })).toBe('1 other of its queue comes first.')
  expect(sentence({ because: 'circuitOpen', name: 'bank', by: 'ana', since: 'x' })).toContain(
    'held open by ana',
  )
  expect(sentence({ because: 'retrying', until: '2026-01-01T00:00:00Z', attempts: 1 })).toContain(
    'failed once',
  )
  expect(
    sentence({ because: 'postponed', until: '2026-01-01T00:00:00Z', why: 'the shop is closed' }),
  ).toMatch(/^It was put off until .*: the shop is closed\.$/)
})

test('a reason of a newer app is said in its own words', () => {
  expect(sentence({ because: 'moonPhase', phase: 'full' })).toBe('moonPhase: {"phase":"full"}')
})
