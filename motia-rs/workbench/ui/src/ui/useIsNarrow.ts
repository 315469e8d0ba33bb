/** Whether the window is as narrow as a hand's. */

import { useSyncExternalStore } from 'react'

/** Below the width at which Tailwind's `md` begins. */
const NARROW = '(max-width: 767px)'

export function useIsNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches)
}

function subscribe(tell: () => void): () => void {
  const media = matchMedia(NARROW)
  media.addEventListener('change', tell)
  return () => media.removeEventListener('change', tell)
}
