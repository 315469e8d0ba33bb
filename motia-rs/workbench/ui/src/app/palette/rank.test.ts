import { expect, test } from 'vitest'
import { rank } from './rank'

const thing = (title: string, about = '', weight = 0) => ({ title, about, weight })

test('what begins with the text comes before what contains it, and before what only has its letters', () => {
  const things = [thing('PrepareOrder'), thing('OrderPlaced'), thing('OpenDrawer')]
  expect(rank(things, 'order').map((each) => each.title)).toEqual(['OrderPlaced', 'PrepareOrder'])
  expect(rank(things, 'od')[0]?.title).toBe('OpenDrawer')
})

test('the capitals of a name are enough', () => {
  const things = [thing('ProcessFoodOrder'), thing('Profo lounge')]
  expect(rank(things, 'pfo')[0]?.title).toBe('ProcessFoodOrder')
})

test('what does not fit is left out', () => {
  expect(rank([thing('Queues', 'what waits')], 'xyz')).toEqual([])
  expect(rank([thing('Queues', 'what waits')], 'waits')).toHaveLength(1)
})

test('without a text, the weightier come first', () => {
  expect(rank([thing('a', '', 1), thing('b', '', 9)], ' ').map((each) => each.title)).toEqual(['b', 'a'])
})
