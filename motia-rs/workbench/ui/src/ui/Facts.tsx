/** A few facts, each with its name before it. */

import type { ReactNode } from 'react'

export type Fact = [name: string, value: ReactNode]

export function Facts({ facts }: { facts: (Fact | false | null | undefined | '')[] }) {
  return (
    <dl className="grid grid-cols-[minmax(5rem,max-content)_1fr] gap-x-4 gap-y-1.5">
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]} className="contents">
              <dt className="text-faint">{fact[0]}</dt>
              <dd className="min-w-0 break-words">{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
