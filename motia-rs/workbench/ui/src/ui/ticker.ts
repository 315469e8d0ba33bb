/** The time, once a second, for all that shows how long ago something was. */

import { useSyncExternalStore } from 'react'

const told = new Set<() => void>()
let now = Date.now()
let ticking: ReturnType<typeof setInterval> | undefined

function subscribe(tell: () => void): () => void {
  told.add(tell)
  ticking ??= setInterval(() => {
    now = Date.now()
    for (const each of told) each()
  }, 1000)
  return () => {
    told.delete(tell)
    if (told.size === 0) {
      clearInterval(ticking)
      ticking = undefined
    }
  }
}

/** Milliseconds since 1970, a second old at most. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    if (!ticking) now = Date.now()
    return now
  })
}
