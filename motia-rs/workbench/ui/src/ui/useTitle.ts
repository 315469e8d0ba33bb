/** What stands in the tab of the browser. */

import { useEffect } from 'react'
import { printable } from '~/text/printable'

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${printable(title)} · Workbench`
  }, [title])
}
