import { expect, test } from 'vitest'
import { added, sentAgain, toFillIn, without } from './headers'

const headers = { kept: [['x-tenant', '7'] as [string, string]], leftOut: ['authorization'] }

test('what was not kept is there to be filled in', () => {
  expect(toFillIn(headers)).toEqual([{ name: 'authorization', value: '' }])
  expect(toFillIn({ kept: [] })).toEqual([])
  expect(toFillIn(undefined)).toEqual([])
})

test('only what is filled in is added', () => {
  const pairs = [
    { name: ' Authorization ', value: 'Bearer a' },
    { name: 'cookie', value: '' },
    { name: '', value: 'b' },
  ]
  expect(added(pairs)).toEqual({ authorization: 'Bearer a' })
})

test('a header that is added stands instead of the one that was kept', () => {
  expect(sentAgain(headers, [])).toEqual([['x-tenant', '7']])
  expect(sentAgain(headers, [{ name: 'X-Tenant', value: '8' }])).toEqual([])
  expect(sentAgain(headers, [{ name: 'X-Tenant', value: '' }])).toEqual([['x-tenant', '7']])
})

test('what a request was sent without is named', () => {
  expect(without(['authorization', 'cookie'])).toBe(', without authorization and cookie')
  expect(without([]) + without(null) + without(undefined)).toBe('')
})
