/** Which address shows which panel; each panel is fetched when it is first shown. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router'
import { Crash } from './app/Crash'
import { Missing } from './app/Missing'
import { Shell } from './app/Shell'
import { searchOf, textOf } from './app/search'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: Missing,
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string>,
})

// `/streams`, `/panels`, `/session` and `/api` below `/__motia` are the app's own.
const PLACES: [path: string, panel: () => Promise<{ default: RouteComponent }>][] = [
  ['/', () => import('./panels/home/HomePanel')],
  ['/flows', () => import('./panels/flows/FlowsPanel')],
  ['/flows/$flow', () => import('./panels/flows/FlowPanel')],
  ['/steps/$step', () => import('./panels/step/StepPanel')],
  ['/endpoints', () => import('./panels/endpoints/EndpointsPanel')],
  ['/endpoints/$step', () => import('./panels/endpoints/EndpointsPanel')],
  ['/runs', () => import('./panels/runs/RunsPanel')],
  ['/traces/$trace', () => import('./panels/trace/TracePanel')],
  ['/logs', () => import('./panels/logs/LogsPanel')],
  ['/watch', () => import('./panels/streams/StreamsPanel')],
  ['/watch/$stream', () => import('./panels/streams/StreamsPanel')],
  ['/watch/$stream/$group', () => import('./panels/streams/StreamsPanel')],
  ['/metrics', () => import('./panels/metrics/MetricsPanel')],
  ['/queues', () => import('./panels/queues/QueuesPanel')],
  ['/queues/$step', () => import('./panels/queues/QueuePanel')],
  ['/dead', () => import('./panels/dead/DeadPanel')],
  ['/cron', () => import('./panels/cron/CronPanel')],
  ['/state', () => import('./panels/state/StatePanel')],
  ['/state/$group', () => import('./panels/state/StatePanel')],
  ['/audit', () => import('./panels/audit/AuditPanel')],
  ['/panel/$name', () => import('./panels/app/AppPanel')],
]

const panels = PLACES.map(([path, panel]) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(panel) }),
)

export const router = createRouter({
  routeTree: root.addChildren(panels),
  basepath: '/__motia',
  parseSearch: searchOf,
  stringifySearch: textOf,
  defaultErrorComponent: Crash,
  defaultPreload: 'intent',
  defaultPendingMs: 300,
})
