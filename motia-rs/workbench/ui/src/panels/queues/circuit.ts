/** How a circuit stands, in words. */

import type { Circuit } from '~/api/shapes'

export type Stand = {
  tone: 'ok' | 'warn' | 'bad'
  word: string
  until?: string
  by?: string
  since?: string
}

/** Reads the state of a circuit, which says itself by the fields it has. */
export function standOf(circuit: Circuit): Stand {
  const state = String(circuit.state ?? circuit.status ?? '').toLowerCase()
  const [until, by, since] = [circuit.until, circuit.by, circuit.since].map((value) =>
    typeof value === 'string' ? value : undefined,
  )
  if (by !== undefined) return { tone: 'bad', word: 'held open', by, ...(since ? { since } : {}) }
  if (until !== undefined) return { tone: 'bad', word: 'open', until }
  if (state.startsWith('half')) return { tone: 'warn', word: 'being tried' }
  const failures = Number(circuit.failures ?? 0)
  if (failures > 0) return { tone: 'warn', word: `closed, ${failures} failed in a row` }
  return { tone: 'ok', word: 'closed' }
}
