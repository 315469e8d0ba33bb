/** The config of an event step, in words. */

import { span } from '~/text/format'
import type { Fact } from '~/ui/Facts'

type Options = Record<string, unknown>

/** What is said of each option; what is not set is left out. */
export function factsOf(options: Options): Fact[] {
  const facts: Fact[] = []
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === false || (Array.isArray(value) && value.length === 0)) continue
    facts.push([words(name), shown(value)])
  }
  return facts
}

/** `concurrencyPerKey` → `Concurrency per key`. */
export function words(name: string): string {
  const spaced = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

function shown(value: unknown): string {
  if (value === true) return 'yes'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(shown).join(', ')
  const fields = value as Options
  if ('secs' in fields && 'nanos' in fields) return span(Number(fields.secs) + Number(fields.nanos) / 1e9)
  return Object.entries(fields)
    .filter(([, each]) => each !== null && each !== false)
    .map(([name, each]) => `${words(name).toLowerCase()} ${shown(each)}`)
    .join(' · ')
}
