/** The headers that a request is sent again with: those kept with its run, and those that somebody adds. */

import type { KeptHeaders } from '~/api/shapes'
import type { Pair } from '~/panels/endpoints/draft'

/** A line to fill in for each header that was not kept. */
export function toFillIn(headers: KeptHeaders | undefined): Pair[] {
  return (headers?.leftOut ?? []).map((name) => ({ name, value: '' }))
}

/** What is added; what has no name or no value is not. */
export function added(pairs: Pair[]): Record<string, string> {
  const filled = pairs.map(({ name, value }) => [name.trim().toLowerCase(), value] as const)
  return Object.fromEntries(filled.filter(([name, value]) => name !== '' && value !== ''))
}

/** Those of the kept headers that are sent as they were: one that is added stands instead of them. */
export function sentAgain(headers: KeptHeaders | undefined, pairs: Pair[]): [string, string][] {
  const instead = new Set(Object.keys(added(pairs)))
  return (headers?.kept ?? []).filter(([name]) => !instead.has(name.toLowerCase()))
}

/** What was left out, to be said after something else: `, without authorization and cookie`. */
export function without(names: string[] | null | undefined): string {
  if (!names || names.length === 0) return ''
  return `, without ${new Intl.ListFormat('en').format(names)}`
}
