import { expect, test } from 'vitest'
import { factsOf } from './options'

test('what is not set is left out, and durations read as such', () => {
  const options = {
    timeout: { secs: 30, nanos: 0 },
    fifo: true,
    debounce: null,
    emitsRaw: [],
    retry: { attempts: 3, firstDelay: { secs: 0, nanos: 200_000_000 } },
  }
  expect(factsOf(options)).toEqual([
    ['Timeout', '30 s'],
    ['Fifo', 'yes'],
    ['Retry', 'attempts 3 · first delay 200 ms'],
  ])
})
