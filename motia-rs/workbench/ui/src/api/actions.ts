/** Everything that the Workbench can change. */

import { type Params, path, send, withParams } from './http'
import type { Moved } from './shapes'

/** Who it was, as the app notes it. */
const by = 'the Workbench'

export const pauseQueue = (step: string) => send('POST', `${path('queues', step)}/pause`, { by })
export const resumeQueue = (step: string) => send('POST', `${path('queues', step)}/resume`, { by })
export const openCircuit = (name: string) => send('POST', `${path('circuits', name)}/open`, { by })
export const resetCircuit = (name: string) => send('POST', `${path('circuits', name)}/reset`, { by })
export const cancelDelivery = (id: string) => send('POST', `${path('deliveries', id)}/cancel`, { by })

/** Cancels what waits of a trace; gives how many. */
export const cancelTrace = (trace: string) => send<{ cancelled: number }>('POST', '/cancel', { trace, by })

export const runCron = (step: string) =>
  send<{ step: string; traceId: string }>('POST', `${path('cron', step)}/run`)

/** What becomes of a dead letter. */
export type Fate = 'redrive' | 'purge'

export const moveLetter = (id: string, fate: Fate) =>
  send<Moved>('POST', `${path('dead', id)}/${fate}`, { by })

/** Moves all that a filter finds, all letters of a key at once; gives how many. */
export async function moveLetters(filter: Params, fate: Fate): Promise<number> {
  let [count, cursor]: [number, string | null] = [0, null]
  do {
    const place = withParams(`/dead/${fate}`, {
      ...filter,
      all: true,
      cursor: cursor ?? undefined,
    })
    const moved: Moved = await send('POST', place, { by })
    count += moved.count
    cursor = moved.next
  } while (cursor !== null)
  return count
}

export type Emission = {
  topic: string
  payload: unknown
  delay?: number
  key?: string
  priority?: number
}

export const emit = (emission: Emission) =>
  send<{ id: string; duplicate: boolean }>('POST', '/emit', emission)

type Replayed = {
  event: string | null
  status: number | null
  traceId: string
  headersLeftOut: string[] | null
}

/** Sends a run again; that of an API step with these headers beside those that were kept of it. */
export const replayRun = (id: string, headers?: Record<string, string>) =>
  send<Replayed>('POST', `${path('runs', id)}/replay`, { by, ...some(headers) })

type ReplayedAll = {
  replayed: number
  refused: { id: string; why: string }[]
  headersLeftOut?: string[]
}

export const replayRuns = (filter: Params, headers?: Record<string, string>) =>
  send<ReplayedAll>('POST', '/runs/replay', { ...filter, by, ...some(headers) })

function some(headers: Record<string, string> = {}) {
  return Object.keys(headers).length === 0 ? {} : { headers }
}

/** Sets an entry; with a version, only while it still has that one. */
export const setEntry = (group: string, key: string, value: unknown, version?: number) =>
  send('PUT', path('state', group, key), value, ifMatch(version))

export const deleteEntry = (group: string, key: string, version?: number) =>
  send('DELETE', path('state', group, key), undefined, ifMatch(version))

function ifMatch(version?: number): Record<string, string> {
  return version === undefined ? {} : { 'if-match': `"${version}"` }
}

export const saveLayout = (flow: string, positions: Record<string, { x: number; y: number }>) =>
  send('PUT', `${path('flows', flow)}/layout`, { positions })

/** Trades the token of the app for its cookie. */
export async function signIn(token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}`, 'x-motia-workbench': '1' }
  const answer = await fetch('/__motia/session', { method: 'POST', headers })
  return answer.ok
}
