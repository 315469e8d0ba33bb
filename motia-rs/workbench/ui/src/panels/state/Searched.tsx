/** How far a group was searched, and going on: the app looks at so many keys at a time. */

import type { Entries } from '~/api/shapes'
import { count } from '~/text/format'
import { Button } from '~/ui/Button'

type Props = {
  pages: Entries[]
  total: number | undefined
  isReading: boolean
  /** The first page of the search is being read. */
  isFirst: boolean
  more: (() => void) | undefined
}

export function Searched({ pages, total, isReading, isFirst, more }: Props) {
  const looked = pages.reduce((sum, { searched }) => sum + (searched ?? 0), 0)
  return (
    <div
      role="status"
      className="flex min-h-11 shrink-0 items-center gap-3 border-b border-line px-4 text-soft"
    >
      {isFirst ? (
        'Searching…'
      ) : more ? (
        <>
          {count(looked)} {total !== undefined && total > looked && `of ${count(total)} `}keys searched
          <Button isBusy={isReading} onClick={more}>
            Search on
          </Button>
        </>
      ) : (
        'All keys searched'
      )}
    </div>
  )
}
