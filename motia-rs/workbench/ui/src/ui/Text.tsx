/** Text from anywhere, with what cannot be seen made visible. */

import { oneLine, printable } from '~/text/printable'
import { classes } from './classes'

type Props = { of: string; className?: string; isMono?: boolean; isWhole?: boolean }

/** On one line, cut off where there is no room; whole where it is said. */
export function Text({ of, className, isMono, isWhole }: Props) {
  return (
    <span
      dir="auto"
      title={isWhole ? undefined : printable(of)}
      className={classes(
        isWhole ? 'break-words whitespace-pre-wrap' : 'min-w-0 truncate',
        isMono && 'font-mono text-xs',
        className,
      )}
    >
      {isWhole ? printable(of) : oneLine(of)}
    </span>
  )
}
