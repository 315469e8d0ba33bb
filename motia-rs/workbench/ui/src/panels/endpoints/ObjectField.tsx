/** The fields of an object; one that may be left out is added and removed as a whole. */

import { Plus, X } from 'lucide-react'
import type { Schema } from '~/api/shapes'
import { Button } from '~/ui/Button'
import { IconButton } from '~/ui/IconButton'
import { exampleOf } from './example'
import { type FieldProps, SchemaField } from './SchemaField'

type Props = FieldProps & { rules: Record<string, unknown> }

export function ObjectField({ rules, root, schema, name, value, onChange, isRequired, isOutermost }: Props) {
  const fields = Object.entries(rules.properties as Record<string, Schema>)
  const required = new Set((rules.required as string[] | undefined) ?? [])
  if ((value === undefined || value === null) && !isRequired && !isOutermost) {
    return (
      <Button icon={Plus} onClick={() => onChange(exampleOf(schema, root, 1))}>
        Add {name}
      </Button>
    )
  }
  const held = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const change = (field: string, next: unknown) => {
    const { [field]: _, ...others } = held
    onChange(next === undefined ? others : { ...held, [field]: next })
  }
  return (
    <fieldset className={isOutermost ? 'space-y-3' : 'space-y-3 rounded-md border border-line p-3'}>
      {!isOutermost && (
        <legend className="flex items-center gap-1 px-1 text-xs font-medium text-soft">
          {name}
          {!isRequired && (
            <IconButton icon={X} label={`Leave ${name} out`} onClick={() => onChange(undefined)} />
          )}
        </legend>
      )}
      {fields.map(([field, each]) => (
        <SchemaField
          key={field}
          schema={each}
          root={root}
          name={field}
          value={held[field]}
          isRequired={required.has(field)}
          onChange={(next) => change(field, next)}
        />
      ))}
    </fieldset>
  )
}
