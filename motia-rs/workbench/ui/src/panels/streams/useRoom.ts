/** Watches a group of a stream. */

import { useEffect, useState } from 'react'
import { path } from '~/api/http'
import { parse } from '~/json/lossless'
import { after, EMPTY, type Room } from './room'

export type Watch = { room: Room; stand: 'joining' | 'watching' | 'broken' | 'refused' }

const TYPES = ['sync', 'create', 'update', 'delete', 'event']

export function useRoom(stream: string, group: string): Watch {
  const [watch, setWatch] = useState<Watch>({ room: EMPTY, stand: 'joining' })
  useEffect(() => {
    const source = new EventSource(`/__motia/streams${path(stream, group)}`)
    const become = (stand: Watch['stand']) => setWatch((before) => ({ ...before, stand }))
    const take = (event: Event) => {
      const frame = parse((event as MessageEvent<string>).data) as Parameters<typeof after>[1]
      setWatch((before) => ({ stand: 'watching', room: after(before.room, frame) }))
    }
    source.addEventListener('open', () => become('watching'))
    source.addEventListener('error', () =>
      become(source.readyState === EventSource.CLOSED ? 'refused' : 'broken'),
    )
    for (const type of TYPES) source.addEventListener(type, take)
    return () => source.close()
  }, [stream, group])
  return watch
}
