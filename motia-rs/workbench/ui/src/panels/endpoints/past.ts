/** The last requests of each route, kept in the browser. */

import type { Draft } from './draft'

export type Past = { at: string; status: number; draft: Draft }

/** As many are kept of each route. */
const KEPT = 8

const place = (step: string) => `workbench.requests.${step}`

export function past(step: string): Past[] {
  try {
    const kept = JSON.parse(localStorage.getItem(place(step)) ?? '[]')
    return Array.isArray(kept) ? kept : []
  } catch {
    return []
  }
}

/** The newest first; the same request once. Secrets of headers are not kept. */
export function keep(step: string, status: number, draft: Draft): Past[] {
  const headers = draft.headers.filter(({ name }) => !/authorization|cookie|key|token|secret/i.test(name))
  const kept = { ...draft, headers }
  const text = JSON.stringify(kept)
  const others = past(step).filter((each) => JSON.stringify(each.draft) !== text)
  const all = [{ at: new Date().toISOString(), status, draft: kept }, ...others].slice(0, KEPT)
  try {
    localStorage.setItem(place(step), JSON.stringify(all))
  } catch {
    // The browser's room is used up: what was sent is only not remembered.
  }
  return all
}
