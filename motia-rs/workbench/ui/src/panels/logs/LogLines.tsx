/** Log lines, the newest on top; one that is looked at stays where it is when others come. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef } from 'react'
import type { LogLine } from '~/api/shapes'
import { useRowKeys } from '~/lists/useRowKeys'
import { LogRow } from './LogRow'

const ROW = 28

type Props = {
  lines: LogLine[]
  open: string | undefined
  onOpen: (id: string) => void
  onMore: (() => void) | undefined
}

export function LogLines({ lines, open, onOpen, onMore }: Props) {
  const scroll = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 20,
    initialRect: { width: 800, height: 600 },
    getItemKey: (at) => lines[at]?.id ?? at,
  })
  useRowKeys(scroll, lines.length, (at) => rows.scrollToIndex(at))

  // Lines that come in above push down; who has scrolled is not to lose the place.
  const first = useRef(lines[0]?.id)
  useLayoutEffect(() => {
    const above = lines.findIndex(({ id }) => id === first.current)
    first.current = lines[0]?.id
    if (scroll.current && scroll.current.scrollTop > ROW && above > 0) scroll.current.scrollTop += above * ROW
  }, [lines])

  const shown = rows.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (onMore && last >= lines.length - 20) onMore()
  }, [last, lines.length, onMore])

  return (
    <section
      ref={scroll}
      tabIndex={0}
      aria-label="Log lines"
      className="h-full overflow-auto -outline-offset-2"
    >
      <ul className="relative" style={{ height: rows.getTotalSize() }}>
        {shown.map((row) => {
          const line = lines[row.index]
          if (!line) return null
          return (
            <LogRow
              key={line.id}
              line={line}
              at={row.index}
              top={row.start}
              height={ROW}
              isOpen={String(line.id) === open}
              onOpen={onOpen}
            />
          )
        })}
      </ul>
    </section>
  )
}
