/** The body of a request, as a form where the schema is simple enough, or as JSON. */

import { useState } from 'react'
import type { Schema } from '~/api/shapes'
import { faultOf } from '~/json/fault'
import { JsonEditor } from '~/json/JsonEditor'
import { parse, pretty } from '~/json/lossless'
import { Button } from '~/ui/Button'
import { resolve, typeOf } from './example'
import { SchemaField } from './SchemaField'

type Props = { schema: Schema | null; value: string; onChange: (text: string) => void; onExample: () => void }

export function BodyEditor({ schema, value, onChange, onExample }: Props) {
  const [isForm, setForm] = useState(false)
  const fault = value === '' ? undefined : faultOf(value)
  const canForm = schema !== null && typeOf(resolve(schema, schema)) === 'object'
  const isShownAsForm = isForm && canForm && fault === undefined
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-center gap-2">
        {canForm && (
          <Button
            look="ghost"
            aria-pressed={isShownAsForm}
            refused={fault && 'The text is no JSON: mend it first.'}
            onClick={() => setForm(!isForm)}
          >
            {isShownAsForm ? 'Edit as JSON' : 'Edit as a form'}
          </Button>
        )}
        <Button look="ghost" onClick={onExample}>
          Put the example in
        </Button>
        {fault && !isShownAsForm && schema !== null && (
          <span className="min-w-0 text-xs text-bad">{fault}</span>
        )}
      </div>
      {isShownAsForm && schema !== null ? (
        <SchemaField
          schema={schema}
          root={schema}
          name="Body"
          value={value === '' ? {} : parse(value)}
          onChange={(next) => onChange(pretty(next))}
          isOutermost
        />
      ) : (
        <JsonEditor label="Body" value={value} onChange={onChange} height={10} />
      )}
    </div>
  )
}
