/** A list of any length: only the rows in sight are drawn, j and k move among them, Enter opens one. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, useEffect, useRef } from 'react'
import { classes } from '~/ui/classes'
import { DataRow } from './DataRow'
import type { Column, RowLink } from './types'
import { useRowKeys } from './useRowKeys'

type Props<T> = {
  label: string
  items: T[]
  columns: Column<T>[]
  keyOf: (item: T) => string
  linkOf?: (item: T) => RowLink
  /** Which row is open beside the list. */
  open?: string | undefined
  /** In pixels. */
  rowHeight?: number
  /** The end of the list is in sight. */
  onEnd?: (() => void) | undefined
}

export function DataGrid<T>({ label, items, columns, keyOf, linkOf, open, rowHeight = 38, onEnd }: Props<T>) {
  const scroll = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 800, height: 600 },
    getItemKey: (at) => {
      const item = items[at]
      return item === undefined ? at : keyOf(item)
    },
  })
  useRowKeys(scroll, items.length, (at) => rows.scrollToIndex(at))

  const shown = rows.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (onEnd && last >= items.length - 20) onEnd()
  }, [last, items.length, onEnd])

  const tracks = {
    '--cols': columns.map((column) => column.width).join(' '),
    '--cols-narrow': columns.flatMap((column) => column.narrow ?? []).join(' '),
  } as CSSProperties

  return (
    <div ref={scroll} tabIndex={0} className="h-full overflow-auto -outline-offset-2" style={tracks}>
      <div role="table" aria-label={label} aria-rowcount={items.length + 1} className="min-w-0">
        <div role="rowgroup" className="sticky top-0 z-20">
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-8 grid-cols-(--cols-narrow) items-center gap-3 border-b border-line bg-sunken px-4 text-xs text-faint md:grid-cols-(--cols)"
          >
            {columns.map((column) => (
              <span
                key={column.key}
                role="columnheader"
                className={classes(
                  'truncate',
                  column.isNumber && 'text-right',
                  column.narrow === undefined && 'max-md:hidden',
                )}
              >
                {column.title}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: rows.getTotalSize() }}>
          {shown.map((row) => {
            const item = items[row.index]
            if (item === undefined) return null
            return (
              <DataRow
                key={row.key}
                item={item}
                at={row.index}
                top={row.start}
                height={rowHeight}
                columns={columns}
                link={linkOf?.(item)}
                isOpen={open !== undefined && open === keyOf(item)}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}
