/** A field of a form that a JSON Schema describes; what a form cannot show is edited as JSON. */

import type { Schema } from '~/api/shapes'
import { Labelled } from '~/ui/Labelled'
import { resolve, typeOf } from './example'
import { JsonField } from './JsonField'
import { ObjectField } from './ObjectField'

export type FieldProps = {
  schema: Schema
  root: Schema
  name: string
  value: unknown
  onChange: (value: unknown) => void
  isRequired?: boolean
  isOutermost?: boolean
}

export function SchemaField(props: FieldProps) {
  const { schema, root, name, value, onChange, isRequired } = props
  const rules = resolve(schema, root)
  const type = typeOf(rules)
  const label = isRequired ? `${name} *` : name
  const hint = typeof rules.description === 'string' ? rules.description : undefined

  if (type === 'object' && rules.properties) return <ObjectField {...props} rules={rules} />
  if (Array.isArray(rules.enum)) {
    const options = rules.enum as unknown[]
    return (
      <Labelled label={label} hint={hint}>
        <select
          value={options.indexOf(value)}
          onChange={(event) => onChange(options[Number(event.target.value)])}
          className="field w-full"
        >
          <option value={-1}>—</option>
          {options.map((option, at) => (
            <option key={String(option)} value={at}>
              {String(option)}
            </option>
          ))}
        </select>
      </Labelled>
    )
  }
  if (type === 'boolean') {
    return (
      <label className="flex h-8 items-center gap-2">
        <input
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span className="font-medium text-soft">{label}</span>
        {hint && <span className="text-xs text-faint">{hint}</span>}
      </label>
    )
  }
  if (type === 'string') {
    return (
      <Labelled label={label} hint={hint}>
        <input
          value={typeof value === 'string' ? value : ''}
          minLength={number(rules.minLength)}
          maxLength={number(rules.maxLength)}
          onChange={(event) => onChange(event.target.value)}
          className="field w-full"
        />
      </Labelled>
    )
  }
  if (type === 'integer' || type === 'number') {
    return (
      <Labelled label={label} hint={hint}>
        <input
          type="number"
          step={type === 'integer' ? 1 : 'any'}
          min={number(rules.minimum)}
          max={number(rules.maximum)}
          value={typeof value === 'number' ? value : ''}
          onChange={(event) => onChange(event.target.value === '' ? undefined : Number(event.target.value))}
          className="field w-full"
        />
      </Labelled>
    )
  }
  return <JsonField label={label} value={value} onChange={onChange} />
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
