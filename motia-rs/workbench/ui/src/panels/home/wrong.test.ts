import { expect, test } from 'vitest'
import type { Circuit, QueueInfo } from '~/api/shapes'
import { troubles } from './wrong'

const queue = (name: string, part: Partial<QueueInfo> = {}): QueueInfo => ({
  queue: name,
  waiting: 0,
  delayed: 0,
  held: 0,
  dead: 0,
  running: 0,
  orphaned: false,
  paused: null,
  ...part,
})

test('an app that is well has no troubles', () => {
  const closed: Circuit = { name: 'bank', state: 'closed', failures: 0, steps: [] }
  expect(troubles([queue('Pay', { waiting: 900 })], [closed], 0)).toEqual([])
})

test('what is lost comes before what only waits', () => {
  const paused = queue('Ship', { waiting: 2, paused: { by: 'ana', since: '' } })
  const open: Circuit = { name: 'bank', state: 'open', until: 'soon', steps: ['Pay'] }
  const found = troubles([paused, queue('Pay', { dead: 3, held: 1 })], [open], 3)
  expect(found.map(({ title }) => title)).toEqual([
    '3 dead letters',
    'The circuit bank is open',
    'Ship is paused',
    '1 event held for Pay',
  ])
  expect(found[2]?.about).toBe('By ana; 2 events wait')
})

test('a queue whose step is gone is only a trouble when something waits in it', () => {
  expect(troubles([queue('Old', { orphaned: true })], [], 0)).toEqual([])
  expect(troubles([queue('Old', { orphaned: true, waiting: 1 })], [], 0)).toHaveLength(1)
})
