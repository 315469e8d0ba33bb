/** What the metrics were while somebody looked. */

import type { Metric, Sample } from '~/api/shapes'

export type Series = {
  key: string
  metric: string
  help: string
  type: string
  labels: Record<string, string>
  /** What is shown as the value now. */
  now: string
  spread: string
  isZero: boolean
  /** The last values, or for what only grows, how much it grew a second. */
  line: number[]
}

type Point = { at: number; value: number }
export type Past = Map<string, Point[]>

/** As many points are remembered of each. */
const POINTS = 90

export function keyOf(metric: string, labels: Record<string, string>): string {
  const said = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))
  return `${metric}{${said.map(([name, value]) => `${name}="${value}"`).join(',')}}`
}

/** Adds what was read now to what is remembered. */
export function remember(past: Past, metrics: Metric[], at: number): Past {
  const next: Past = new Map()
  for (const { name, samples } of metrics) {
    for (const sample of samples) {
      const key = keyOf(name, sample.labels)
      const points = past.get(key) ?? []
      next.set(key, [...points, { at, value: numberOf(sample) }].slice(-POINTS))
    }
  }
  return next
}

export function seriesOf(metrics: Metric[], past: Past): Series[] {
  return metrics.flatMap(({ name, help, type, samples }) =>
    samples.map((sample) => {
      const key = keyOf(name, sample.labels)
      const points = past.get(key) ?? []
      const isGrowing = type === 'counter' || type === 'histogram'
      const line = isGrowing ? rates(points) : points.map(({ value }) => value)
      return {
        key,
        metric: name,
        help,
        type,
        labels: sample.labels,
        now: shown(sample),
        spread: spreadOf(sample),
        isZero: numberOf(sample) === 0,
        line,
      }
    }),
  )
}

function numberOf({ value, count }: Sample): number {
  return value ?? count ?? 0
}

/** By how much it grew a second, between each two points. */
export function rates(points: Point[]): number[] {
  return points.slice(1).map(({ at, value }, place) => {
    const before = points[place]
    const seconds = before ? (at - before.at) / 1000 : 0
    return before && seconds > 0 ? Math.max(0, value - before.value) / seconds : 0
  })
}

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 3 })

function shown({ value, count = 0, sum = 0 }: Sample): string {
  if (value !== undefined) return numbers.format(value)
  return count === 0 ? '0' : `${numbers.format(count)} × ⌀ ${numbers.format(sum / count)}`
}

/** How what was seen is spread, of a histogram. */
function spreadOf(sample: Sample): string {
  const median = quantile(sample, 0.5)
  return median === undefined ? '' : `half ≤ ${median}, 99 % ≤ ${quantile(sample, 0.99)}`
}

/** The bound of the bucket that so large a part of what was seen lies below. */
export function quantile({ buckets, count = 0 }: Sample, part: number): string | undefined {
  if (!buckets || buckets.length === 0 || count === 0) return undefined
  const bucket = buckets.find(([, seen]) => seen >= count * part)
  return bucket ? String(bucket[0]) : '∞'
}
