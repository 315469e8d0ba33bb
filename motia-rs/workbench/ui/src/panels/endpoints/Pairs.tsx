/** Names and values: the query or the headers of a request. */

import { Plus, X } from 'lucide-react'
import { IconButton } from '~/ui/IconButton'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import type { Pair } from './draft'

type Props = {
  title: string
  about?: string
  /** What one of them is called. */
  of: string
  pairs: Pair[]
  told?: { name: string; description?: string }[]
  /** Whether the values are hidden from whoever looks over a shoulder. */
  isSecret?: boolean
  onChange: (pairs: Pair[]) => void
}

export function Pairs({ title, about, of, pairs, told = [], isSecret, onChange }: Props) {
  const change = (at: number, part: Partial<Pair>) =>
    onChange(pairs.map((pair, place) => (place === at ? { ...pair, ...part } : pair)))
  return (
    <Section
      title={title}
      actions={
        <IconButton
          icon={Plus}
          label={`Add a ${of}`}
          onClick={() => onChange([...pairs, { name: '', value: '' }])}
        />
      }
    >
      {about && <p className="mb-2 text-soft">{about}</p>}
      {pairs.length === 0 && <p className="text-faint">None</p>}
      <ul className="space-y-1.5">
        {pairs.map((pair, at) => {
          const meaning = told.find(({ name }) => name === pair.name)?.description
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a pair has no name of its own until it is typed
            <li key={at} className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)_auto] items-center gap-2">
              <input
                aria-label={`Name of ${of} ${at + 1}`}
                placeholder="name"
                autoComplete="off"
                value={pair.name}
                onChange={(event) => change(at, { name: event.target.value })}
                className="field font-mono text-xs"
              />
              <input
                aria-label={`Value of ${pair.name || `${of} ${at + 1}`}`}
                placeholder="value"
                type={isSecret ? 'password' : 'text'}
                autoComplete={isSecret ? 'new-password' : 'off'}
                value={pair.value}
                onChange={(event) => change(at, { value: event.target.value })}
                className="field font-mono text-xs"
              />
              <IconButton
                icon={X}
                label={`Remove ${pair.name || `${of} ${at + 1}`}`}
                onClick={() => onChange(pairs.filter((_, place) => place !== at))}
              />
              {meaning && <Text of={meaning} isWhole className="col-span-3 -mt-1 text-xs text-faint" />}
            </li>
          )
        })}
      </ul>
    </Section>
  )
}
