/** A row of a list: a link as a whole, with its other controls above it. */

import { Link } from '@tanstack/react-router'
import { classes } from '~/ui/classes'
import type { Column, RowLink } from './types'

type Props<T> = {
  item: T
  at: number
  top: number
  height: number
  columns: Column<T>[]
  link: RowLink | undefined
  isOpen: boolean
}

export function DataRow<T>({ item, at, top, height, columns, link, isOpen }: Props<T>) {
  return (
    <div
      role="row"
      aria-rowindex={at + 2}
      data-row={at}
      {...(link ? {} : { tabIndex: -1 })}
      style={{ transform: `translateY(${top}px)`, height }}
      className={classes(
        'absolute inset-x-0 top-0 grid grid-cols-(--cols-narrow) items-center gap-3 border-b border-line px-4 md:grid-cols-(--cols)',
        link && 'hover:bg-hover',
        isOpen && 'bg-accent-wash',
      )}
    >
      {columns.map((column, place) => (
        <span
          key={column.key}
          role="cell"
          className={classes(
            'flex min-w-0 items-center gap-2 overflow-hidden',
            column.isNumber && 'justify-end',
            column.narrow === undefined && 'max-md:hidden',
          )}
        >
          {place === 0 && link ? (
            <Link
              to={link.to}
              params={link.params as never}
              search={(link.search ?? {}) as never}
              className="flex min-w-0 items-center gap-2 font-medium -outline-offset-2 after:absolute after:inset-0"
              {...(isOpen ? { 'aria-current': 'true' as const } : {})}
            >
              {column.cell(item)}
            </Link>
          ) : (
            column.cell(item)
          )}
        </span>
      ))}
    </div>
  )
}
