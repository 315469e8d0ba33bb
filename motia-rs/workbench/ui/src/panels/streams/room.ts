/** A group of a stream as it is seen by who watches it. */

export type Item = { id: string; value: unknown; changedAt: number }
export type Happened = {
  at: number
  what: 'create' | 'update' | 'delete' | 'event'
  id: string
  value: unknown
}
export type Room = { items: Item[]; happened: Happened[] }

/** As many of the last changes are shown. */
const HAPPENED = 200

export const EMPTY: Room = { items: [], happened: [] }

type Frame = {
  timestamp: number
  id?: string
  event:
    | { type: 'sync'; data: unknown }
    | { type: 'create' | 'update' | 'delete'; data: unknown }
    | { type: 'event'; event: { type: string; data: unknown } }
}

/** The room after a frame. */
export function after(room: Room, frame: Frame): Room {
  const { event, timestamp: at } = frame
  if (event.type === 'sync') {
    const list = Array.isArray(event.data) ? event.data : [event.data]
    const before = new Map(room.items.map((item) => [item.id, item]))
    const items = list.map((value) => {
      const known = before.get(idOf(value))
      const isSame = known !== undefined && JSON.stringify(known.value) === JSON.stringify(value)
      return isSame ? known : { id: idOf(value), value, changedAt: 0 }
    })
    return { ...room, items: sorted(items) }
  }
  if (event.type === 'event') {
    const told: Happened = { at, what: 'event', id: event.event.type, value: event.event.data }
    return { ...room, happened: [told, ...room.happened].slice(0, HAPPENED) }
  }
  const id = frame.id ?? idOf(event.data)
  const others = room.items.filter((item) => item.id !== id)
  const items =
    event.type === 'delete' ? others : sorted([...others, { id, value: event.data, changedAt: at }])
  const told: Happened = { at, what: event.type, id, value: event.data }
  return { items, happened: [told, ...room.happened].slice(0, HAPPENED) }
}

/** An item that is an object is shown with its id in it. */
function idOf(value: unknown): string {
  const id = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).id : undefined
  return typeof id === 'string' ? id : JSON.stringify(value)
}

function sorted(items: Item[]): Item[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1))
}
