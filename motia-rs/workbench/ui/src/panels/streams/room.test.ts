import { expect, test } from 'vitest'
import { after, EMPTY } from './room'

const frame = (type: 'create' | 'update' | 'delete', id: string, data: unknown) => ({
  timestamp: 5,
  id,
  event: { type, data },
})
const sync = (...data: unknown[]) => ({ timestamp: 1, event: { type: 'sync' as const, data } })

test('a room is what was there, and each change of it', () => {
  let room = after(EMPTY, sync({ id: 'b', n: 1 }))
  room = after(room, frame('create', 'a', { id: 'a', n: 2 }))
  room = after(room, frame('update', 'b', { id: 'b', n: 3 }))
  expect(room.items.map(({ value }) => value)).toEqual([
    { id: 'a', n: 2 },
    { id: 'b', n: 3 },
  ])
  room = after(room, frame('delete', 'a', { id: 'a' }))
  expect(room.items.map(({ id }) => id)).toEqual(['b'])
  expect(room.happened.map(({ what }) => what)).toEqual(['delete', 'update', 'create'])
})

test('after a break everything is shown anew, and what stayed the same is not marked', () => {
  let room = after(EMPTY, frame('create', 'a', { id: 'a', n: 2 }))
  room = after(room, sync({ id: 'a', n: 2 }, { id: 'c' }))
  expect(room.items.map(({ id, changedAt }) => [id, changedAt])).toEqual([
    ['a', 5],
    ['c', 0],
  ])
})

test('what is only said is told, and not kept among the items', () => {
  const room = after(EMPTY, { timestamp: 9, event: { type: 'event', event: { type: 'bell', data: 'ding' } } })
  expect(room.items).toEqual([])
  expect(room.happened[0]).toEqual({ at: 9, what: 'event', id: 'bell', value: 'ding' })
})
