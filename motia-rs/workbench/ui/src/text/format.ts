/** Numbers, durations and instants as people read them. */

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `12,345`, and `1.2M` where it would be long. */
export function count(number: number): string {
  return Math.abs(number) < 1_000_000 ? counts.format(number) : short.format(number)
}

/** `1 event`, `12 events`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** A duration in microseconds: `940 µs`, `12.4 ms`, `3.2 s`, `4 min 10 s`. */
export function took(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`
  if (micros < 1_000_000) return `${digits(micros / 1000)} ms`
  return span(micros / 1_000_000)
}

/** A duration in seconds: `3.2 s`, `4 min 10 s`, `2 h`, `3 d`. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${digits(seconds)} s`
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  let rest = Math.round(seconds)
  const parts: string[] = []
  for (const [name, size] of units) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount} ${name}`)
  }
  return parts.slice(0, 2).join(' ')
}

function digits(number: number): string {
  return number < 9.95 ? String(Number(number.toFixed(1))) : String(Math.round(number))
}

/** How long ago, or in how long: `now`, `12 s ago`, `in 3 min`. */
export function ago(at: number, now: number): string {
  const seconds = (now - at) / 1000
  if (Math.abs(seconds) < 1.5) return 'now'
  const size = coarse(Math.abs(seconds))
  return seconds > 0 ? `${size} ago` : `in ${size}`
}

function coarse(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})
const full = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  timeZoneName: 'short',
})

/** `17:09:38.412`, of today or not. */
export function clockTime(at: string | number): string {
  return clock.format(new Date(at))
}

/** `21 Nov 2026, 17:09:38.412 UTC`. */
export function fullTime(at: string | number): string {
  return full.format(new Date(at))
}

/** An instant in a time zone: `Mon, 23 Nov 2026, 09:00:00 CET`; in UTC where the zone is unknown. */
export function zoned(at: string | number, timeZone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(new Date(at))
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(new Date(at))
  }
}

/** `1.2 kB`. */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  if (size < 1_000_000) return `${digits(size / 1000)} kB`
  return `${digits(size / 1_000_000)} MB`
}
