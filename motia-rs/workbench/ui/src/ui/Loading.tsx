/** Something is being read; said only if it takes a while, so that nothing flickers. */

import { LoaderCircle } from 'lucide-react'

export function Loading() {
  return (
    <div className="flex h-full min-h-32 items-center justify-center text-faint">
      <span role="status" className="flex animate-[appear_200ms_300ms_both] items-center gap-2">
        <LoaderCircle size={16} aria-hidden className="animate-spin" />
        Reading…
      </span>
    </div>
  )
}
