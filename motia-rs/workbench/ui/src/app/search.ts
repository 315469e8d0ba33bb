/** Query strings as they stand in the address: texts, and nothing that is guessed from them. */

export function searchOf(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

export function textOf(search: Record<string, unknown>): string {
  const filled = Object.entries(search).filter(([, value]) => typeof value === 'string' && value !== '')
  const text = new URLSearchParams(filled as [string, string][]).toString()
  return text ? `?${text}` : ''
}
