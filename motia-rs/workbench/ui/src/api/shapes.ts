/** What the admin API answers. */

export type Page<T> = { items: T[]; next: string | null }

export type Kind = 'api' | 'event' | 'cron' | 'noop'

export type AppInfo = {
  name?: string
  version: string
  running: boolean
  role?: 'operate' | 'read'
  store: {
    name: string
    epoch: number
    capabilities: { durability: string } & Record<string, unknown>
  }
  steps: Record<Kind, number>
  flows: number
  panels?: AppPanel[]
}

export type AppPanel = { name: string; title: string; href: string }

export type StepInfo = {
  name: string
  kind: Kind
  trigger: string
  description: string
  flows: string[]
  emits: string[]
  subscribes: string[]
  middleware: string[]
  source: { file: string; line: number }
}

export type StepSource = { file: string; line: number; text: string | null; why: string | null }

export type Edge = { from: string; to: string; topic: string; drawn: boolean }

export type FlowInfo = { name: string; description: string; steps: string[]; edges: Edge[] }

export type Layout = { positions: Record<string, { x: number; y: number }> }

export type Activity = {
  step: string
  runs: number
  failed: number
  lastRunAt: string | null
  waiting: number
  dead: number
  running: number
}

export type Endpoint = {
  step: string
  method: string
  path: string
  description: string
  flows: string[]
  query: Field[]
  pathParams: Field[]
  body: Schema | null
  bodyExample: unknown
  response: Schema | null
  mediaTypes: string[]
}

export type Field = { name: string; description: string; required?: boolean; schema?: Schema | null }

export type Schema = { [keyword: string]: unknown } | boolean

export type QueueInfo = {
  queue: string
  waiting: number
  delayed: number
  held: number
  dead: number
  running: number
  orphaned: boolean
  paused: { by: string; since: string } | null
}

export type QueueDetail = QueueInfo & { closed: Reason[]; options: Record<string, unknown> | null }

export type TracePart = { traceId?: string } & Record<string, unknown>

export type EventInfo = {
  id: string
  topic: string
  payload: unknown
  trace: unknown
  emittedAt: string
  priority?: number
  expiresAt?: string
  cancelKey?: string
}

export type Delivery = {
  id: string
  queue: string
  key: string | null
  attempts: number
  due: string | null
  held: boolean
  event: EventInfo
}

export type Waiting = Delivery & { running: boolean }

export type Reason = { because: string } & Record<string, unknown>

export type Explained = Delivery & { failures: Failure[] } & (
    | { status: 'running'; attempt: number; since: string }
    | { status: 'waiting'; reasons: Reason[] }
    | { status: 'dead'; reason: string }
    | { status: 'ended'; ending: string; at: string; note: string }
  )

export type Failure = {
  attempt: number
  startedAt: string
  endedAt: string
  error: string
  class?: string
}

export type DeadLetter = {
  id: string
  queue: string
  key?: string
  event: EventInfo
  attempts: number
  reason: string
  diedAt: string
  failures: Failure[]
}

export type Letters = Page<DeadLetter> & { total: number }

export type Moved = {
  count: number
  next: string | null
  refused?: { id: string; status: number; detail: string }[]
}

export type Ended = {
  id: string
  queue: string
  event: EventInfo
  attempts: number
  ending: string
  at: string
  note: string
}

export type Circuit = {
  name: string
  opensAfter?: number
  steps: string[]
} & Record<string, unknown>

export type CronStep = {
  step: string
  schedule: string
  timezone: string
  next: string | null
  upcoming: string[]
  lastFired: string | null
  running: boolean
  overlap: string
  catchUp: unknown
  /** The last one first. */
  lastOutcomes: Outcome[]
}

export type Outcome = 'ok' | 'rejected' | 'postponed' | 'failed' | 'cancelled'

export type RunLine = {
  id: string
  traceId: string
  spanId: string
  parent?: string
  step: string
  kind: Kind
  attempt: number
  startedAt: string
  tookUs: number
  outcome: Outcome
  status?: number
  error?: string
  trigger?: string
  logs: number
  emits: number
  replayOf?: string
}

export type Note = { at: string } & (
  | { what: 'log'; level: Level; target?: string; message: string; fields?: unknown }
  | { what: 'emit'; topic: string; event: string }
  | { what: 'state'; verb: string; group: string; key?: string }
  | { what: 'stream'; verb: string; stream: string; key?: string }
  | { what: 'span'; name: string; tookUs: number }
)

export type RunRecord = {
  id: number | string
  traceId: string
  spanId: string
  parent?: string
  step: string
  kind: Kind
  attempt: number
  events?: string[]
  startedAt: string
  tookUs: number
  outcome: Outcome
  status?: number
  error?: string
  input?: { value: unknown; isWhole: boolean; request?: string; topic?: string; headers?: KeptHeaders }
  isBare?: boolean
  replayOf?: number | string
  notes: Note[]
  leftOut: number
}

/** The headers of a request as far as they were kept, and the names of the others. */
export type KeptHeaders = { kept: [name: string, value: string][]; leftOut?: string[] }

export type Trace = { traceId: string; runs: RunRecord[]; cut: boolean; waiting: number }

export type Level = 'debug' | 'info' | 'warn' | 'error'

export type LogLine = {
  id: number
  at: string
  level: Level
  target: string
  step?: string
  traceId?: string
  message: string
  fields?: Record<string, unknown>
}

export type Group = { group: string; entries: number }

/** Of a search, how many keys were looked at for this page. */
export type Entries = Page<Entry> & { searched?: number }

export type Entry = { key: string; value: unknown; version: number; expiresAt: string | null }

export type StreamInfo = {
  name: string
  description?: string
  schema?: Schema | null
  groups: number
}

export type StreamGroup = { group: string; items: number }

export type Sample = {
  labels: Record<string, string>
  value?: number
  count?: number
  sum?: number
  buckets?: [number | string, number][]
}

export type Metric = { name: string; help: string; type: string; samples: Sample[] }

export type AuditLine = {
  at: string
  by: string
  role?: 'operate' | 'read'
  /** From which address. */
  from?: string
  did: string
  what: unknown
  /** What was answered, where it failed half way. */
  status?: number
  before?: unknown
  after?: unknown
}
