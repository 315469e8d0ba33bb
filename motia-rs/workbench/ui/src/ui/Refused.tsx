/** It could not be done, in the words of the app. */

import { TriangleAlert } from 'lucide-react'
import { Problem } from '~/api/http'
import { Button } from './Button'
import { Text } from './Text'

type Props = { error: unknown; onRetry?: (() => void) | undefined }

export function Refused({ error, onRetry }: Props) {
  const problem = error instanceof Problem ? error : undefined
  const text = error instanceof Error ? error.message : String(error)
  return (
    <div role="alert" className="m-4 flex gap-3 rounded-lg border border-line bg-bad-wash p-3 text-ink">
      <TriangleAlert size={18} aria-hidden className="mt-px shrink-0 text-bad" />
      <div className="min-w-0 flex-1 space-y-1">
        <Text of={text} isWhole className="font-medium" />
        {problem && problem.errors.length > 0 && (
          <ul className="space-y-0.5 text-soft">
            {problem.errors.map((each) => (
              <li key={`${each.pointer} ${each.detail}`}>
                {each.pointer && <Text of={`${each.pointer} `} isMono className="mr-1" />}
                <Text of={each.detail} isWhole />
              </li>
            ))}
          </ul>
        )}
        {problem && problem.status > 0 && <p className="text-xs text-soft">Status {problem.status}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}
