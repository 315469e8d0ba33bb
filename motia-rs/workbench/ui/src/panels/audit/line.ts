/** A line of the audit. */

import type { AuditLine } from '~/api/shapes'

/** What was changed, in a few words. */
export function whatOf({ what }: Pick<AuditLine, 'what'>): string {
  if (typeof what === 'string') return what
  if (typeof what !== 'object' || what === null) return ''
  return Object.entries(what)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

export function keyOf(line: AuditLine): string {
  return `${line.at} ${line.did} ${whatOf(line)}`
}
