/** A panel failed; the others still work. */

import type { ErrorComponentProps } from '@tanstack/react-router'
import { Button } from '~/ui/Button'
import { Refused } from '~/ui/Refused'

export function Crash({ error, reset }: ErrorComponentProps) {
  // After an update of the app, the parts of the old bundle are gone.
  const isOld = error instanceof Error && /dynamically imported module|module script/i.test(error.message)
  return (
    <div className="p-2">
      {isOld ? (
        <div className="m-4 flex items-center gap-3">
          <p>The app was updated while this page was open.</p>
          <Button look="primary" onClick={() => location.reload()}>
            Load it again
          </Button>
        </div>
      ) : (
        <Refused error={error} onRetry={reset} />
      )}
    </div>
  )
}
