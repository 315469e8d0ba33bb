/** Time from left to right, with the long times in which nothing ran drawn short. */

export type Span = { begin: number; end: number }

/** A time in which nothing ran: where it is drawn, as a share of the whole, and how long it was. */
export type Break = { left: number; right: number; millis: number }

export type Axis = {
  /** Where an instant is drawn, as a share of the whole. */
  place: (at: number) => number
  breaks: Break[]
}

/** A break takes this share of the whole, and all of them together no more than that. */
const [ONE, ALL] = [0.08, 0.4]

/** A time in which nothing ran that is longer than all that ran together becomes a break. */
export function axisOf(spans: Span[], total: number): Axis {
  const idle = idleOf(spans)
  const busy = total - idle.reduce((sum, { begin, end }) => sum + end - begin, 0)
  const long = idle.filter(({ begin, end }) => end - begin > busy)
  const left = long.reduce((rest, { begin, end }) => rest - (end - begin), total)
  const share = Math.min(ONE, ALL / Math.max(long.length, 1))
  const perMilli = (1 - share * long.length) / Math.max(left, 0.001)

  const place = (at: number) => {
    let drawn = at * perMilli
    for (const { begin, end } of long) {
      const within = Math.min(Math.max(at - begin, 0), end - begin)
      drawn += (within / (end - begin)) * share - within * perMilli
    }
    return drawn
  }
  const breaks = long.map(({ begin, end }) => ({
    left: place(begin),
    right: place(end),
    millis: end - begin,
  }))
  return { place, breaks }
}

/** The times between spans in which none is. */
function idleOf(spans: Span[]): Span[] {
  const idle: Span[] = []
  let until = 0
  for (const { begin, end } of [...spans].sort((one, other) => one.begin - other.begin)) {
    if (begin > until) idle.push({ begin: until, end: begin })
    until = Math.max(until, end)
  }
  return idle
}
