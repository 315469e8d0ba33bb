/** Joins the newest page of a list with the pages below it that were read before. */

/** The numbers of a list from the newest down; ids rise with time. */
export function isNewer(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length
}

/**
 * What is shown once a new first page is here. Where it does not reach down to what is shown, and has more
 * below it, nobody knows what lies between: then it stands alone.
 */
export function joined<T>(head: T[], hasMore: boolean, shown: T[], id: (item: T) => string): T[] {
  const [newest, lowest] = [shown[0], head.at(-1)]
  if (newest === undefined || lowest === undefined) return head
  const isGap = hasMore && isNewer(id(lowest), id(newest))
  if (isGap || !hasMore) return head
  const below = shown.filter((item) => isNewer(id(lowest), id(item)))
  return [...head, ...below]
}
