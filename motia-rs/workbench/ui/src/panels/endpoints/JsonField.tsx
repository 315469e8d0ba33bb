/** A field of a form that is written as JSON. */

import { useState } from 'react'
import { faultOf } from '~/json/fault'
import { parse, pretty } from '~/json/lossless'
import { Labelled } from '~/ui/Labelled'

type Props = { label: string; value: unknown; onChange: (value: unknown) => void }

export function JsonField({ label, value, onChange }: Props) {
  const [text, setText] = useState(() => pretty(value))
  const fault = text === '' ? undefined : faultOf(text)
  return (
    <Labelled label={label} hint={fault ?? 'JSON'}>
      <textarea
        rows={Math.min(6, text.split('\n').length + 1)}
        value={text}
        aria-invalid={fault !== undefined}
        onChange={(event) => {
          const next = event.target.value
          setText(next)
          if (next === '') onChange(undefined)
          else if (faultOf(next) === undefined) onChange(parse(next))
        }}
        className="field h-auto w-full py-1.5 font-mono text-xs"
      />
    </Labelled>
  )
}
