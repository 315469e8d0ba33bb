/** Keeps what is shown true: hears from the app what changed, and has it read again. */

import type { QueryClient } from '@tanstack/react-query'
import { API } from './http'
import { TOPICS } from './queries'

/** How it hears of changes: as they happen, by asking now and then, or not at all. */
export type Hearing = 'live' | 'polling' | 'lost'

/** How often it asks where the app cannot tell. */
const POLL = 2000

/** When it tries again after the browser gave up. */
const AGAIN = 20_000

/** No topic is read again sooner. */
const GAP = 300

/** What each topic touches besides itself. */
const ALSO: Record<string, string[]> = { dead: ['queues'], queues: ['runs'], runs: ['cron'] }

type Listen = (place: string) => EventSource

export class Changes {
  private source: EventSource | undefined
  private poll: ReturnType<typeof setInterval> | undefined
  private again: ReturnType<typeof setTimeout> | undefined
  private readonly pending = new Set<string>()
  private isReading = false
  private hearing: Hearing = 'lost'
  private readonly told = new Set<() => void>()

  constructor(
    private readonly client: QueryClient,
    private readonly listen: Listen = (place) => new EventSource(place),
  ) {}

  start(): () => void {
    this.connect()
    const look = () => document.visibilityState === 'visible' && this.mark(TOPICS)
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      this.source?.close()
      clearInterval(this.poll)
      clearTimeout(this.again)
    }
  }

  /** For `useSyncExternalStore`. */
  subscribe = (tell: () => void): (() => void) => {
    this.told.add(tell)
    return () => this.told.delete(tell)
  }
  now = (): Hearing => this.hearing

  /** These topics changed. */
  mark(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.pending.add(topic)
      for (const also of ALSO[topic] ?? []) this.pending.add(also)
    }
    void this.read()
  }

  private connect(): void {
    const source = this.listen(`${API}/changes`)
    this.source = source
    source.addEventListener('open', () => {
      // Something may have happened while nobody listened.
      if (this.hearing !== 'live') this.mark(TOPICS)
      this.become('live')
    })
    source.addEventListener('changed', (event) => this.mark(topicsOf((event as MessageEvent).data)))
    source.addEventListener('error', () => {
      // 2: the browser gave up, for the app has no such place or refused it.
      const gaveUp = source.readyState === 2
      this.become(gaveUp ? 'polling' : 'lost')
      if (gaveUp) this.again = setTimeout(() => this.connect(), AGAIN)
    })
  }

  private become(hearing: Hearing): void {
    if (hearing === this.hearing) return
    this.hearing = hearing
    clearInterval(this.poll)
    if (hearing !== 'live') this.poll = setInterval(() => this.mark(TOPICS), POLL)
    for (const tell of this.told) tell()
  }

  /** Reads what is pending, and what comes in meanwhile once that is done. */
  private async read(): Promise<void> {
    if (this.isReading || document.visibilityState === 'hidden') return
    this.isReading = true
    while (this.pending.size > 0) {
      const topics = [...this.pending]
      this.pending.clear()
      const all = topics.map((topic) =>
        this.client.invalidateQueries({ queryKey: [topic] }, { cancelRefetch: false }),
      )
      await Promise.allSettled([...all, new Promise((done) => setTimeout(done, GAP))])
    }
    this.isReading = false
  }
}

function topicsOf(data: unknown): string[] {
  try {
    const { topics } = JSON.parse(String(data))
    return Array.isArray(topics) ? topics.map(String) : []
  } catch {
    return []
  }
}
