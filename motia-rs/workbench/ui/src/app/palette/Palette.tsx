/** Finds anything: one field over panels, flows, steps, endpoints and what can be done. */

import { useNavigate } from '@tanstack/react-router'
import { Dialog as Radix } from 'radix-ui'
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { PaletteLine } from './PaletteLine'
import { rank } from './rank'
import { type Found, useThings } from './things'

/** As many lines are shown. */
const SHOWN = 60

type Props = { onClose: () => void; onKeys: () => void }

export default function Palette({ onClose, onKeys }: Props) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const things = useThings(onKeys)
  const found = useMemo(() => rank(things, text).slice(0, SHOWN), [things, text])
  const navigate = useNavigate()
  const list = useRef<HTMLDivElement>(null)
  const id = useId()

  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [at])

  const open = (thing: Found) => {
    onClose()
    if ('does' in thing) thing.does()
    else void navigate({ to: thing.to, params: thing.params as never, search: (thing.search ?? {}) as never })
  }

  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) {
      event.preventDefault()
      setAt((at + step + found.length) % Math.max(found.length, 1))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      const thing = found[at]
      if (thing) open(thing)
    }
  }

  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <div aria-hidden className="fixed inset-0 z-50 bg-scrim" />
        <Radix.Content
          data-palette
          aria-describedby={undefined}
          onKeyDown={press}
          className="appear fixed top-[10vh] left-1/2 z-50 flex max-h-[70vh] w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-raised shadow-pop outline-none"
        >
          <Radix.Title className="sr-only">Find anything</Radix.Title>
          <input
            role="combobox"
            aria-label="Find anything"
            aria-expanded
            aria-controls={id}
            aria-activedescendant={found.length > 0 ? `${id}-${at}` : undefined}
            aria-autocomplete="list"
            placeholder="A panel, step, flow, endpoint, trace id, or what to do"
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              setAt(0)
            }}
            className="h-12 w-full shrink-0 border-b border-line bg-transparent px-4 text-base outline-none"
          />
          <div
            ref={list}
            id={id}
            role="listbox"
            aria-label="Found"
            className="min-h-0 flex-1 overflow-y-auto p-1.5"
          >
            {found.map((thing, place) => (
              <PaletteLine
                key={thing.id}
                id={`${id}-${place}`}
                at={place}
                thing={thing}
                isChosen={place === at}
                onPoint={() => setAt(place)}
                onOpen={() => open(thing)}
              />
            ))}
          </div>
          {found.length === 0 && <p className="px-4 pb-4 text-soft">Nothing is called that.</p>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
