import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Changes } from './changes'

class Source extends EventTarget {
  readyState = 0
  close() {}
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function listening() {
  const client = new QueryClient()
  const read = vi.spyOn(client, 'invalidateQueries').mockResolvedValue()
  const source = new Source()
  const changes = new Changes(client, () => source as unknown as EventSource)
  const stop = changes.start()
  const topics = () => read.mock.calls.map(([filter]) => filter?.queryKey?.[0])
  const changed = (data: unknown) =>
    source.dispatchEvent(new MessageEvent('changed', { data: JSON.stringify(data) }))
  return { changes, source, topics, changed, stop, read }
}

test('what changed is read again, with what it touches', async () => {
  const { topics, changed } = listening()
  changed({ topics: ['dead'] })
  await vi.advanceTimersByTimeAsync(0)
  expect(topics()).toEqual(['dead', 'queues'])
})

test('changes that come while it reads are read afterwards, once', async () => {
  const { topics, changed, read } = listening()
  changed({ topics: ['state'] })
  for (let i = 0; i < 50; i++) changed({ topics: ['cron'] })
  expect(topics()).toEqual(['state'])
  await vi.advanceTimersByTimeAsync(1000)
  expect(topics()).toEqual(['state', 'cron'])
  expect(read).toHaveBeenCalledTimes(2)
})

test('where the app cannot tell, it asks every two seconds', async () => {
  const { changes, source, topics } = listening()
  source.readyState = 2
  source.dispatchEvent(new Event('error'))
  expect(changes.now()).toBe('polling')
  await vi.advanceTimersByTimeAsync(2100)
  expect(topics()).toContain('queues')
})

test('when the app is back, everything is read, and it asks no more', async () => {
  const { changes, source, topics, read } = listening()
  source.dispatchEvent(new Event('error'))
  expect(changes.now()).toBe('lost')
  source.dispatchEvent(new Event('open'))
  expect(changes.now()).toBe('live')
  await vi.advanceTimersByTimeAsync(500)
  expect(topics()).toContain('runs')
  read.mockClear()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read).not.toHaveBeenCalled()
})
