/** The last requests to a route, to be sent again. */

import { oneLine } from '~/text/printable'
import { Ago } from '~/ui/Ago'
import { Section } from '~/ui/Section'
import type { Draft } from './draft'
import type { Past } from './past'

export function PastRequests({ past, onChoose }: { past: Past[]; onChoose: (draft: Draft) => void }) {
  if (past.length === 0) return null
  return (
    <Section title="Sent before, from this browser">
      <ul className="-mx-2">
        {past.map(({ at, status, draft }) => (
          <li key={at}>
            <button
              type="button"
              onClick={() => onChoose(draft)}
              className="flex h-8 w-full items-center gap-3 rounded-md px-2 text-left hover:bg-hover"
            >
              <span className="w-9 shrink-0 font-mono text-xs text-soft">{status}</span>
              <span className="w-20 shrink-0 text-xs text-faint">
                <Ago at={at} />
              </span>
              <span className="min-w-0 truncate font-mono text-xs">{oneLine(short(draft))}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function short({ params, query, body }: Draft): string {
  const named = [...Object.entries(params), ...query.map(({ name, value }) => [name, value] as const)]
  const said = named.filter(([, value]) => value).map(([name, value]) => `${name}=${value}`)
  return [...said, body.replace(/\s+/g, ' ')].join(' ') || '(nothing)'
}
