/** The runs of a trace as bars over time. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import type { RunRecord } from '~/api/shapes'
import { useRowKeys } from '~/lists/useRowKeys'
import { took } from '~/text/format'
import type { Branch } from './tree'
import { WaterfallRow } from './WaterfallRow'

const ROW = 40

type Props = {
  lines: Branch[]
  total: number
  chosen: RunRecord | undefined
  onChoose: (id: string) => void
}

export function Waterfall({ lines, total, chosen, onChoose }: Props) {
  const scroll = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 10,
    initialRect: { width: 800, height: 600 },
  })
  useRowKeys(scroll, lines.length, (at) => rows.scrollToIndex(at))
  const marks = [0, 0.5, 1]
  return (
    <section
      ref={scroll}
      tabIndex={0}
      aria-label="Waterfall"
      className="h-full overflow-auto -outline-offset-2"
    >
      <div className="sticky top-0 z-10 flex h-8 items-center border-b border-line bg-sunken text-2xs text-faint">
        <span className="w-2/5 px-4 lg:w-64">Step</span>
        <span className="relative mr-16 h-full flex-1">
          {marks.map((mark) => (
            <span
              key={mark}
              className="absolute top-2 -translate-x-1/2 whitespace-nowrap first:translate-x-0"
              style={{ left: `${mark * 100}%` }}
            >
              {took(mark * total * 1000)}
            </span>
          ))}
        </span>
      </div>
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index]
          if (!line) return null
          return (
            <WaterfallRow
              key={String(line.run.id)}
              line={line}
              at={row.index}
              top={row.start}
              height={ROW}
              total={total}
              isChosen={line.run === chosen}
              onChoose={() => onChoose(String(line.run.id))}
            />
          )
        })}
      </div>
    </section>
  )
}
