import { expect, test } from 'vitest'
import { chain } from './ErrorChain'

test('what caused an error stands below it', () => {
  expect(chain('no connection\ncaused by: timed out\n')).toEqual(['no connection', 'timed out'])
  expect(chain('card refused, caused by: limit 100: reached')).toEqual(['card refused', 'limit 100: reached'])
})
