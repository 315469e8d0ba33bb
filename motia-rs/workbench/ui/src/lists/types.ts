/** A column of a list. */

import type { ReactNode } from 'react'

export type Column<T> = {
  key: string
  title: string
  /** A track of a CSS grid, such as `minmax(8rem, 1fr)`. */
  width: string
  /** The track on a narrow screen; without it the column is left out there. */
  narrow?: string
  isNumber?: boolean
  cell: (item: T) => ReactNode
}

/** Where a row leads. */
export type RowLink = {
  to: string
  params?: Record<string, string>
  search?: Record<string, string> | ((before: Record<string, string>) => Record<string, string>)
}
