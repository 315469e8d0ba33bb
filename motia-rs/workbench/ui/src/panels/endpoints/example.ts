/** Makes an example of what a JSON Schema describes. */

import type { Schema } from '~/api/shapes'

type Rules = Exclude<Schema, boolean>

/** Deeper than this, nothing is made up. */
const DEEPEST = 8

/** Follows a `$ref` within the same schema, and the one that is not null of a choice. */
export function resolve(schema: Schema | undefined, root: Schema): Rules {
  let rules = asRules(schema)
  for (let hops = 0; hops < 16; hops++) {
    const ref = rules.$ref
    if (typeof ref === 'string' && ref.startsWith('#')) {
      const { $ref: _, ...beside } = rules
      rules = { ...asRules(at(root, ref)), ...beside }
      continue
    }
    const choices = (rules.anyOf ?? rules.oneOf) as Schema[] | undefined
    const real = choices?.filter((choice) => asRules(choice).type !== 'null')
    if (real?.length === 1 && rules.properties === undefined) {
      const { anyOf: _a, oneOf: _o, ...beside } = rules
      rules = { ...asRules(real[0]), ...beside }
      continue
    }
    return rules
  }
  return rules
}

/** The type of a value, with null left out. */
export function typeOf(rules: Rules): string | undefined {
  const types = (Array.isArray(rules.type) ? rules.type : [rules.type]).filter((type) => type !== 'null')
  if (typeof types[0] === 'string') return types[0]
  return rules.properties ? 'object' : rules.items ? 'array' : undefined
}

export function exampleOf(schema: Schema, root: Schema = schema, depth = 0): unknown {
  const rules = resolve(schema, root)
  if ('example' in rules) return rules.example
  if (Array.isArray(rules.examples) && rules.examples.length > 0) return rules.examples[0]
  if ('const' in rules) return rules.const
  if (Array.isArray(rules.enum)) return rules.enum[0]
  if ('default' in rules && rules.default !== null) return rules.default
  const [choice] = (rules.oneOf ?? rules.anyOf ?? []) as Schema[]
  if (choice !== undefined && depth < DEEPEST) return exampleOf(choice, root, depth + 1)

  switch (typeOf(rules)) {
    case 'object':
      return objectOf(rules, root, depth)
    case 'array':
      return depth < DEEPEST && rules.items !== undefined
        ? [exampleOf(rules.items as Schema, root, depth + 1)]
        : []
    case 'string':
      return textOf(rules)
    case 'integer':
    case 'number':
      return Number(
        rules.minimum ?? (rules.exclusiveMinimum === undefined ? 1 : Number(rules.exclusiveMinimum) + 1),
      )
    case 'boolean':
      return false
    default:
      return depth === 0 ? {} : null
  }
}

function objectOf(rules: Rules, root: Schema, depth: number): Record<string, unknown> {
  const required = new Set((rules.required as string[] | undefined) ?? [])
  const fields = Object.entries((rules.properties as Record<string, Schema> | undefined) ?? {})
  if (depth >= DEEPEST) return {}
  // Further down, only what has to be there: an example is to be read.
  const shown = fields.filter(([name]) => depth < 2 || required.has(name))
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field, root, depth + 1)]))
}

function textOf(rules: Rules): string {
  const formats: Record<string, string> = {
    'date-time': '2026-01-31T09:00:00Z',
    date: '2026-01-31',
    email: 'ana@example.com',
    uri: 'https://example.com',
    url: 'https://example.com',
    uuid: '01a1fe94-ed00-750d-8b0a-3cc157512705',
  }
  const text = formats[String(rules.format)] ?? 'text'
  return text.padEnd(Number(rules.minLength ?? 0), 'x')
}

function asRules(schema: Schema | undefined): Rules {
  return typeof schema === 'object' && schema !== null ? schema : {}
}

function at(root: Schema, ref: string): Schema | undefined {
  let place: unknown = root
  for (const part of ref.split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    place = (place as Record<string, unknown> | undefined)?.[name]
  }
  return place as Schema | undefined
}
