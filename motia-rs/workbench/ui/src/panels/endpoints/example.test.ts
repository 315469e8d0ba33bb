import { expect, test } from 'vitest'
import { exampleOf, resolve, typeOf } from './example'

const schema = {
  type: 'object',
  required: ['pet'],
  properties: {
    pet: { $ref: '#/$defs/Pet' },
    order: { anyOf: [{ $ref: '#/$defs/Order' }, { type: 'null' }] },
    kind: { enum: ['high', 'low'] },
    at: { type: 'string', format: 'date-time' },
  },
  $defs: {
    Pet: { type: 'object', properties: { name: { type: 'string', minLength: 6 } } },
    Order: { type: 'object', properties: { quantity: { type: 'integer', minimum: 2 } } },
  },
}

test('an example fills in what the schema names', () => {
  expect(exampleOf(schema)).toEqual({
    pet: { name: 'textxx' },
    order: { quantity: 2 },
    kind: 'high',
    at: '2026-01-31T09:00:00Z',
  })
})

test('a schema that contains itself ends', () => {
  const tree = { type: 'object', required: ['next'], properties: { next: { $ref: '#' } } }
  expect(JSON.stringify(exampleOf(tree)).length).toBeLessThan(200)
})

test('a value that may be missing is what it is when it is there', () => {
  expect(typeOf(resolve(schema.properties.order, schema))).toBe('object')
  expect(typeOf({ type: ['string', 'null'] })).toBe('string')
})

test('no schema at all is an empty object', () => {
  expect(exampleOf(true)).toEqual({})
})
