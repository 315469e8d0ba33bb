/** Puts first what was most likely meant. */

export type Rankable = { title: string; about: string; weight: number }

/** Those in which the letters of `text` stand in their order, the best first. */
export function rank<T extends Rankable>(things: T[], text: string): T[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return [...things].sort((one, other) => other.weight - one.weight)
  const scored = things.flatMap((thing) => {
    const points = Math.max(score(thing.title, wanted), score(thing.about, wanted) - 30)
    return points > 0 ? [{ thing, points: points + thing.weight }] : []
  })
  return scored.sort((one, other) => other.points - one.points).map(({ thing }) => thing)
}

/** 0 where it does not fit; more the earlier and closer together the letters are. */
export function score(title: string, wanted: string): number {
  const text = title.toLowerCase()
  if (text === wanted) return 200
  const whole = text.indexOf(wanted)
  if (whole >= 0) return (whole === 0 || isStart(title, whole) ? 140 : 110) - Math.min(text.length, 40) / 2

  let [from, points, previous] = [0, 60, -1]
  for (const letter of wanted) {
    if (letter === ' ') continue
    const at = text.indexOf(letter, from)
    if (at < 0) return 0
    if (at !== previous + 1 && !isStart(title, at)) points -= 6
    previous = at
    from = at + 1
  }
  return Math.max(points, 0)
}

/** Whether a word begins there: after what is no letter, or with a capital. */
function isStart(title: string, at: number): boolean {
  const [before, here] = [title[at - 1] ?? ' ', title[at] ?? '']
  return /[^a-z0-9]/i.test(before) || (/[A-Z]/.test(here) && /[a-z]/.test(before))
}
