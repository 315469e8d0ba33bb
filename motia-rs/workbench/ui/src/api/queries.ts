/** Every question that the Workbench asks, under the topic that makes it ask again. */

import { keepPreviousData, queryOptions, skipToken } from '@tanstack/react-query'
import { get, type Params, path } from './http'
import type {
  Activity,
  AppInfo,
  AuditLine,
  Circuit,
  CronStep,
  DeadLetter,
  Ended,
  Endpoint,
  Entries,
  Entry,
  Explained,
  FlowInfo,
  Group,
  Layout,
  Letters,
  Metric,
  Page,
  QueueDetail,
  QueueInfo,
  RunLine,
  RunRecord,
  StepInfo,
  StepSource,
  StreamGroup,
  StreamInfo,
  Trace,
  Waiting,
} from './shapes'

/** What can change in an app, as `/api/changes` names it; the first part of each query's key. */
export const TOPICS = ['runs', 'queues', 'state', 'dead', 'cron', 'logs', 'streams'] as const
export type Topic = (typeof TOPICS)[number]

/** The most that one page of a list holds. */
const ALL = { limit: 1000 }

function read<T>(key: unknown[], place: string, params?: Params) {
  return queryOptions({
    queryKey: [...key, ...(params ? [params] : [])],
    queryFn: ({ signal }) => get<T>(place, params, signal),
    placeholderData: keepPreviousData,
  })
}

/** Reads page after page of what is small, until there is no more. */
function readAll<T>(key: unknown[], place: string) {
  return queryOptions({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const items: T[] = []
      let cursor: string | undefined
      do {
        const page: Page<T> = await get(place, { ...ALL, cursor }, signal)
        items.push(...page.items)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return items
    },
  })
}

// What the program is made of does not change while it runs.
export const app = () => ({ ...read<AppInfo>(['app'], '/app'), retry: 1 })
export const steps = () => readAll<StepInfo>(['steps'], '/steps')
export const stepSource = (step: string) =>
  read<StepSource>(['steps', step, 'source'], `${path('steps', step)}/source`)
export const flows = () => readAll<FlowInfo>(['flows'], '/flows')
export const flow = (name: string) => read<FlowInfo>(['flows', name], path('flows', name))
export const layout = (name: string) =>
  read<Layout>(['flows', name, 'layout'], `${path('flows', name)}/layout`)
export const endpoints = () => readAll<Endpoint>(['endpoints'], '/endpoints')

// What happens.
export const activity = () => readAll<Activity>(['runs', 'activity'], '/activity')
export const runs = (filter: Params) => read<Page<RunLine>>(['runs', 'list'], '/runs', filter)
export const run = (id: string) => read<RunRecord>(['runs', 'one', id], path('runs', id))
export const trace = (id: string) => read<Trace>(['runs', 'trace', id], path('traces', id))
export const asTest = (id: string) =>
  read<{ file: string; test: string }>(['runs', 'test', id], `${path('runs', id)}/test`)
export const audit = (filter: Params) => read<Page<AuditLine>>(['audit'], '/audit', filter)
export const metrics = () => read<{ items: Metric[] }>(['metrics'], '/metrics')

// What is to be done, and what was not.
export const queues = () => readAll<QueueInfo>(['queues', 'list'], '/queues')
export const queue = (step: string) => read<QueueDetail>(['queues', 'one', step], path('queues', step))
export const waiting = (step: string, filter: Params) =>
  read<Page<Waiting>>(['queues', 'waiting', step], `${path('queues', step)}/waiting`, filter)
export const delivery = (id: string) => read<Explained>(['queues', 'why', id], path('deliveries', id))
export const ended = (filter: Params) => read<Page<Ended>>(['queues', 'ended'], '/ended', filter)
export const circuits = () => readAll<Circuit>(['queues', 'circuits'], '/circuits')

/** The dead letters; the badge of the panel reads the same answer as its list. */
export const dead = (filter: Params = {}) =>
  read<Letters>(['dead', 'list'], '/dead', { limit: 200, ...filter })
export const deadLetter = (id: string) => read<DeadLetter>(['dead', 'one', id], path('dead', id))

export const cron = () => readAll<CronStep>(['cron', 'list'], '/cron')

// What is kept.
export const groups = () => readAll<Group>(['state', 'groups'], '/state')
export const entries = (group: string, filter: Params) =>
  read<Entries>(['state', 'entries', group], path('state', group), filter)
export const entry = (group: string, key: string | undefined) =>
  queryOptions({
    queryKey: ['state', 'entry', group, key],
    queryFn:
      key === undefined
        ? skipToken
        : ({ signal }) => get<Entry>(path('state', group, key), undefined, signal),
  })
export const streams = () => readAll<StreamInfo>(['streams', 'list'], '/streams')
export const streamGroups = (name: string) =>
  readAll<StreamGroup>(['streams', 'groups', name], path('streams', name))
