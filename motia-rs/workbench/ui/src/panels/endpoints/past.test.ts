import { beforeEach, expect, test } from 'vitest'
import { keep, past } from './past'

beforeEach(() => localStorage.clear())

const draft = (body: string, headers: { name: string; value: string }[] = []) => ({
  params: {},
  query: [],
  headers,
  body,
})

test('the last requests are kept, the same one once', () => {
  keep('Place', 200, draft('1'))
  keep('Place', 200, draft('2'))
  keep('Place', 400, draft('1'))
  expect(past('Place').map((each) => each.draft.body)).toEqual(['1', '2'])
  expect(past('Other')).toEqual([])
})

test('a token is not kept', () => {
  const [kept] = keep('Place', 200, draft('', [{ name: 'Authorization', value: 'Bearer x' }]))
  expect(kept?.draft.headers).toEqual([])
})

test('what somebody else wrote there is not read', () => {
  localStorage.setItem('workbench.requests.Place', '{"no":"list"}')
  expect(past('Place')).toEqual([])
})
