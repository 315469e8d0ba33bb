/** A trace by the first figures of its id, leading to it. */

import { Link } from '@tanstack/react-router'
import { printable } from '~/text/printable'

export function TraceLink({ trace, isWhole }: { trace: string; isWhole?: boolean }) {
  return (
    <Link
      to={'/traces/$trace' as string}
      params={{ trace } as never}
      search={{} as never}
      title={printable(trace)}
      className="relative z-10 font-mono text-xs text-accent hover:underline"
    >
      {printable(isWhole ? trace : trace.slice(0, 8))}
    </Link>
  )
}
