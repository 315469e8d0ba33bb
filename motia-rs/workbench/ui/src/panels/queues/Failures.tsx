/** The attempts of a delivery that failed, the first one first. */

import type { Failure } from '~/api/shapes'
import { took } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Text } from '~/ui/Text'

export function Failures({ of }: { of: Failure[] }) {
  return (
    <ol aria-label="Failed attempts" className="space-y-2">
      {of.map((failure) => (
        <FailureLine key={failure.attempt} failure={failure} />
      ))}
    </ol>
  )
}

function FailureLine({ failure }: { failure: Failure }) {
  const { attempt, startedAt, endedAt, error } = failure
  const micros = (Date.parse(endedAt) - Date.parse(startedAt)) * 1000
  return (
    <li className="rounded-md bg-sunken px-3 py-2">
      <div className="flex items-center gap-2 text-xs text-soft">
        <span>Attempt {attempt}</span>
        <Ago at={startedAt} />
        <span>took {took(micros)}</span>
        {failure.class && <Badge tone="warn">{failure.class}</Badge>}
      </div>
      <Text of={error} isWhole isMono className="mt-1 block" />
    </li>
  )
}
