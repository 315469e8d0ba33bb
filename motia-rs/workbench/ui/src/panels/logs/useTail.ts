/** The last log lines, and each new one as it is written. */

import { useCallback, useEffect, useRef, useState } from 'react'
import { API, get, withParams } from '~/api/http'
import type { LogLine, Page } from '~/api/shapes'
import type { Filters } from '~/lists/useFilters'
import { added } from './lines'

type State = { name: string; lines: LogLine[]; next: string | null; held: LogLine[] }

const EMPTY = { lines: [], next: null, held: [] }

/** Newest first. While it is paused, new lines are held back and counted. */
export function useTail(filter: Filters, isPaused: boolean) {
  const name = JSON.stringify(filter)
  const [state, setState] = useState<State>({ name: '', ...EMPTY })
  const [error, setError] = useState<unknown>(null)
  const paused = useRef(isPaused)
  paused.current = isPaused

  const take = useCallback((name: string, fresh: LogLine[]) => {
    setState((before) => {
      if (before.name !== name) return before
      if (paused.current) return { ...before, held: added(before.held, fresh) }
      return { ...before, lines: added(before.lines, fresh) }
    })
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: `name` is the filter
  useEffect(() => {
    const abort = new AbortController()
    let waiting: LogLine[] = []
    let frame: ReturnType<typeof setTimeout> | undefined
    const read = async () => {
      try {
        const page = await get<Page<LogLine>>('/logs', { ...filter, limit: 500 }, abort.signal)
        setError(null)
        setState((before) => {
          if (before.name !== name) return { name, lines: page.items, next: page.next, held: [] }
          return { ...before, lines: added(before.lines, page.items) }
        })
      } catch (failure) {
        if (!abort.signal.aborted) setError(failure)
      }
    }
    const { until: _, ...lasting } = filter
    const source = new EventSource(withParams(`${API}/logs/stream`, lasting))
    void read()
    // What was written before it listened, or during a break.
    source.addEventListener('open', () => void read())
    source.addEventListener('message', (event) => {
      waiting.push(JSON.parse(event.data))
      frame ??= setTimeout(() => {
        frame = undefined
        take(name, waiting)
        waiting = []
      }, 100)
    })
    return () => {
      abort.abort()
      clearTimeout(frame)
      source.close()
    }
  }, [name, take])

  useEffect(() => {
    if (!isPaused) setState((before) => ({ ...before, lines: added(before.lines, before.held), held: [] }))
  }, [isPaused])

  const { next } = state
  const more = useCallback(async () => {
    if (next === null) return
    const page = await get<Page<LogLine>>('/logs', { ...JSON.parse(name), limit: 500, cursor: next })
    setState((before) =>
      before.name === name && before.next === next
        ? { ...before, lines: [...before.lines, ...page.items], next: page.next }
        : before,
    )
  }, [name, next])

  const isMine = state.name === name
  return {
    lines: isMine ? state.lines : [],
    held: isMine ? state.held.length : 0,
    isReading: !isMine && error === null,
    error: isMine ? null : error,
    more: isMine && next !== null ? more : undefined,
  }
}
