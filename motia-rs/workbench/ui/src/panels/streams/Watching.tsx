/** A group of a stream, as it changes. */

import { Link } from '@tanstack/react-router'
import { ArrowLeft, Radio } from 'lucide-react'
import { JsonView } from '~/json/JsonView'
import { clockTime, plural } from '~/text/format'
import { Badge, type Tone } from '~/ui/Badge'
import { classes } from '~/ui/classes'
import { Dot } from '~/ui/Dot'
import { Empty } from '~/ui/Empty'
import { Scroll } from '~/ui/Scroll'
import { Text } from '~/ui/Text'
import { useNow } from '~/ui/ticker'
import type { Happened, Item } from './room'
import { useRoom } from './useRoom'

/** How long a change is marked, in milliseconds. */
const FRESH = 2500

const STANDS = {
  joining: ['quiet', 'joining'],
  watching: ['ok', 'watching'],
  broken: ['warn', 'broken off; it is tried again'],
  refused: ['bad', 'the app does not show it'],
} as const

const TONES: Record<Happened['what'], Tone> = { create: 'ok', update: 'accent', delete: 'bad', event: 'warn' }

export function Watching({ stream, group }: { stream: string; group: string }) {
  const { room, stand } = useRoom(stream, group)
  const [tone, word] = STANDS[stand]
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-10 shrink-0 items-center gap-3 border-b border-line px-4">
        <Link
          to={'/watch/$stream' as string}
          params={{ stream } as never}
          search={{} as never}
          aria-label="All groups"
          className="text-soft md:hidden"
        >
          <ArrowLeft size={17} aria-hidden />
        </Link>
        <h2 className="min-w-0 truncate font-semibold">
          <Text of={`${stream} / ${group}`} />
        </h2>
        <span role="status" className="flex items-center gap-1.5 text-xs text-soft">
          <Dot tone={tone} isBeating={stand === 'watching'} />
          {word}
        </span>
        <span className="flex-1" />
        <span className="text-xs text-soft">{plural(room.items.length, 'item')}</span>
      </div>
      <div className="flex min-h-0 flex-1 max-lg:flex-col">
        <Scroll label="Items" className="min-h-0 flex-1 space-y-2 p-3">
          {room.items.length === 0 && stand !== 'joining' ? (
            <Empty
              icon={Radio}
              title="Nothing is in it"
              commands={[
                `curl -N ${location.origin}/__motia/streams/${encodeURIComponent(stream)}/${encodeURIComponent(group)}`,
              ]}
            />
          ) : (
            room.items.map((item) => <ItemCard key={item.id} item={item} />)
          )}
        </Scroll>
        <Scroll
          label="Changes"
          className="min-h-0 border-line p-3 max-lg:max-h-56 max-lg:border-t lg:w-72 lg:border-l"
        >
          <h3 className="mb-2 text-xs font-semibold text-faint">What happened since you look</h3>
          {room.happened.length === 0 && <p className="text-faint">Nothing yet.</p>}
          <ol className="space-y-1">
            {room.happened.map(({ at, what, id }, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two changes can fall on one instant
              <li key={`${at} ${place}`} className="flex items-center gap-2">
                <span className="shrink-0 font-mono text-2xs text-faint">{clockTime(at)}</span>
                <Badge tone={TONES[what]}>{what}</Badge>
                <Text of={id} isMono />
              </li>
            ))}
          </ol>
        </Scroll>
      </div>
    </div>
  )
}

function ItemCard({ item }: { item: Item }) {
  const isFresh = useNow() - item.changedAt < FRESH
  return (
    <article
      aria-label={`Item ${item.id}`}
      className={classes(
        'card overflow-hidden transition-colors duration-700',
        isFresh && 'border-accent bg-accent-wash',
      )}
    >
      <h3 className="border-b border-line px-3 py-1.5">
        <Text of={item.id} isMono className="font-semibold" />
      </h3>
      <JsonView value={item.value} label={`Value of ${item.id}`} isBare className="p-2" />
    </article>
  )
}
