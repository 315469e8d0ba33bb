import { afterEach, expect, test, vi } from 'vitest'
import { get, Problem, path, send, withParams } from './http'

afterEach(() => vi.unstubAllGlobals())

function answering(status: number, body: string) {
  const fetch = vi.fn(async () => new Response(body, { status }))
  vi.stubGlobal('fetch', fetch)
  return fetch
}

test('a refusal says what the problem says', async () => {
  answering(409, '{"status":409,"detail":"`Pay` is gone","errors":[{"pointer":"/a","detail":"is required"}]}')

  const refused: Problem = await get<never>('/queues').catch((error) => error)

  expect(refused).toBeInstanceOf(Problem)
  expect(refused.message).toBe('`Pay` is gone')
  expect(refused.errors).toEqual([{ pointer: '/a', detail: 'is required' }])
})

test('an answer that is no problem is refused by its status', async () => {
  answering(502, '<html>')
  await expect(get('/queues')).rejects.toThrow('The app answered 502.')
})

test('an app that is gone is said to be', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')))
  await expect(get('/queues')).rejects.toThrow('The app does not answer')
})

test('a change says that it comes from the Workbench', async () => {
  const fetch = answering(200, '{}')
  await send('POST', '/queues/Pay/pause', { by: 'ana' })
  const [place, init] = fetch.mock.calls[0] as unknown as [string, RequestInit]
  expect(place).toBe('/__motia/api/queues/Pay/pause')
  expect(init.headers).toMatchObject({ 'x-motia-workbench': '1', 'content-type': 'application/json' })
})

test('paths and queries can hold anything', () => {
  expect(path('state', 'a/b', 'ü?')).toBe('/state/a%2Fb/%C3%BC%3F')
  expect(withParams('/runs', { step: 'A&B', text: '', roots: false, limit: 5 })).toBe(
    '/runs?step=A%26B&limit=5',
  )
})
