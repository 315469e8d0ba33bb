/** JSON to read: folded where it is deep, cut where it is long. */

import { useState } from 'react'
import { CopyButton } from '~/ui/CopyButton'
import { classes } from '~/ui/classes'
import { JsonNode } from './JsonNode'
import { pretty } from './lossless'

/** What is no longer than this is shown unfolded, in characters. */
const SMALL = 1500

type Props = { value: unknown; label: string; className?: string; isBare?: boolean }

export function JsonView({ value, label, className, isBare }: Props) {
  const [openDepth] = useState(() => (pretty(value).length < SMALL ? 8 : 2))
  return (
    <div
      className={classes('group relative', !isBare && 'rounded-md border border-line bg-sunken', className)}
    >
      <section
        tabIndex={0}
        aria-label={label}
        className={classes('max-h-96 overflow-auto font-mono text-xs leading-5', !isBare && 'p-2.5 pr-9')}
      >
        <JsonNode value={value} depth={0} openDepth={openDepth} />
      </section>
      {!isBare && (
        <span className="absolute top-1 right-1">
          <CopyButton text={pretty(value)} label={`Copy ${label.toLowerCase()}`} />
        </span>
      )}
    </div>
  )
}
