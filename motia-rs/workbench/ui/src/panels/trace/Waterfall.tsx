/** The runs of a trace as bars over time. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import type { RunRecord } from '~/api/shapes'
import { useRowKeys } from '~/lists/useRowKeys'
import { took } from '~/text/format'
import { axisOf } from './axis'
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
  const axis = useMemo(() => axisOf(lines, total), [lines, total])
  const marks = axis.breaks.length > 0 ? [0, 1] : [0, 0.5, 1]
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
          {axis.breaks.map(({ left, right, millis }) => (
            <span
              key={left}
              className="absolute top-2 -translate-x-1/2 whitespace-nowrap italic"
              style={{ left: `${((left + right) / 2) * 100}%` }}
            >
              {took(millis * 1000)}
            </span>
          ))}
        </span>
      </div>
      <div className="relative min-h-[calc(100%-2rem)]" style={{ height: rows.getTotalSize() }}>
        <div aria-hidden className="pointer-events-none absolute inset-y-0 right-16 left-2/5 lg:left-64">
          {axis.breaks.map(({ left, right, millis }) => (
            <span
              key={left}
              title={`Nothing ran for ${took(millis * 1000)}`}
              className="is-break absolute inset-y-0 border-x border-dashed border-edge"
              style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }}
            />
          ))}
        </div>
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
              place={axis.place}
              isChosen={line.run === chosen}
              onChoose={() => onChoose(String(line.run.id))}
            />
          )
        })}
      </div>
    </section>
  )
}
