import { expect, test } from 'vitest'
import type { Endpoint } from '~/api/shapes'
import { address, begin, bodyOf, curl, type Draft, missing } from './draft'

const draft: Draft = {
  params: { id: 'a/b', file: 'x/y z' },
  query: [
    { name: 'dry', value: 'true' },
    { name: 'left', value: '' },
  ],
  headers: [],
  body: '',
}

test('what is filled in is escaped, and what is not is left out', () => {
  expect(address('/orders/{id}', draft)).toBe('/orders/a%2Fb?dry=true')
  expect(address('/files/{*file}', draft)).toBe('/files/x/y%20z?dry=true')
})

test('a path with a hole is not sent', () => {
  expect(missing('/orders/{id}/{line}', draft)).toBe('Fill in {line} of the path.')
  expect(missing('/orders/{id}', draft)).toBeUndefined()
})

test('a request begins with what the route shows of itself', () => {
  const endpoint = {
    path: '/orders/{id}',
    pathParams: [],
    query: [{ name: 'dry' }],
    body: {},
    bodyExample: { a: 1 },
  }
  const begun = begin(endpoint as unknown as Endpoint)
  expect(begun.params).toEqual({ id: '' })
  expect(begun.query).toEqual([{ name: 'dry', value: '' }])
  expect(JSON.parse(begun.body)).toEqual({ a: 1 })
})

test('a line for a terminal survives an apostrophe', () => {
  const line = curl(
    'POST',
    '/hi',
    { ...draft, query: [], body: `{"a":"it's"}` },
    'application/json',
    'http://x',
  )
  expect(line).toBe(`curl -X POST 'http://x/hi' -H 'content-type: application/json' -d '{"a":"it'\\''s"}'`)
})

test('a form is written as JSON and sent as a form', () => {
  const kind = 'application/x-www-form-urlencoded'
  expect(bodyOf({ body: '{"a":"x y","b":[1,2]}' }, kind)).toBe('a=x+y&b=1&b=2')
  expect(bodyOf({ body: 'a=1' }, kind)).toBe('a=1')
  expect(bodyOf({ body: '' }, kind)).toBeUndefined()
})
