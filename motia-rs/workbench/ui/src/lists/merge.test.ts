import { expect, test } from 'vitest'
import { isNewer, joined } from './merge'

const id = (item: string) => item

test('ids rise with their length first', () => {
  expect(isNewer('100', '99')).toBe(true)
  expect(isNewer('8', '9')).toBe(false)
})

test('a new first page keeps what was read below it', () => {
  expect(joined(['7', '6', '5'], true, ['5', '4', '3'], id)).toEqual(['7', '6', '5', '4', '3'])
})

test('a first page that does not reach down stands alone', () => {
  expect(joined(['99', '98'], true, ['5', '4'], id)).toEqual(['99', '98'])
})

test('a first page that is all there is stands alone', () => {
  expect(joined(['7'], false, ['9', '8'], id)).toEqual(['7'])
  expect(joined([], false, ['9'], id)).toEqual([])
})
