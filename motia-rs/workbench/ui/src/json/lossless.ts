/** Reads and writes JSON without losing what a double cannot hold. */

type Raw = { rawJSON: string }
type Lossless = {
  rawJSON?: (text: string) => unknown
  isRawJSON?: (value: unknown) => value is Raw
}
const native = JSON as unknown as Lossless

/** Parses JSON; where the browser can, numbers that a double would change are kept as they were written. */
export function parse(text: string): unknown {
  const { rawJSON } = native
  if (!rawJSON) return JSON.parse(text)
  const keep = (_: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source
    return typeof value === 'number' && source && isChanged(value, source) ? rawJSON(source) : value
  }
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown)
}

/** Whether a double says something else than was written. */
export function isChanged(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true
  const digits = source.replace(/[eE].*$/, '').replace(/^-?0*\.?0*|\./g, '')
  return digits.length > 15 && (Number.isInteger(value) ? !Number.isSafeInteger(value) : digits.length > 17)
}

/** The text of a number that was kept as it was written. */
export function rawText(value: unknown): string | undefined {
  return native.isRawJSON?.(value) ? value.rawJSON : undefined
}

/** JSON as people edit it. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? ''
}
