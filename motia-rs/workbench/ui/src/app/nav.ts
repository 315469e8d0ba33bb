/** The panels of the Workbench, in the order in which they are listed. */

import {
  Activity,
  CalendarClock,
  ChartSpline,
  Database,
  House,
  Inbox,
  type LucideIcon,
  Network,
  Radio,
  ScrollText,
  Send,
  ShieldCheck,
  Skull,
} from 'lucide-react'

export type Panel = { to: string; title: string; icon: LucideIcon; key: string; about: string }

export const PANELS: { title: string; panels: Panel[] }[] = [
  {
    title: '',
    panels: [{ to: '/', title: 'Overview', icon: House, key: 'o', about: 'What is wrong right now' }],
  },
  {
    title: 'Build',
    panels: [
      { to: '/flows', title: 'Flows', icon: Network, key: 'f', about: 'Who sets whom going' },
      { to: '/endpoints', title: 'Endpoints', icon: Send, key: 'e', about: 'Try the routes of the app' },
    ],
  },
  {
    title: 'Watch',
    panels: [
      { to: '/runs', title: 'Runs', icon: Activity, key: 'r', about: 'What every step did' },
      { to: '/logs', title: 'Logs', icon: ScrollText, key: 'l', about: 'What the steps say' },
      { to: '/watch', title: 'Streams', icon: Radio, key: 's', about: 'Lists that change while you look' },
      { to: '/metrics', title: 'Metrics', icon: ChartSpline, key: 'm', about: 'What is counted' },
    ],
  },
  {
    title: 'Operate',
    panels: [
      { to: '/queues', title: 'Queues', icon: Inbox, key: 'q', about: 'What waits, and why' },
      { to: '/dead', title: 'Dead letters', icon: Skull, key: 'd', about: 'What was given up' },
      { to: '/cron', title: 'Cron', icon: CalendarClock, key: 'c', about: 'What runs by the clock' },
      { to: '/state', title: 'State', icon: Database, key: 'a', about: 'What is kept' },
      { to: '/audit', title: 'Audit', icon: ShieldCheck, key: 'u', about: 'What people changed' },
    ],
  },
]

export const ALL_PANELS: Panel[] = PANELS.flatMap((group) => group.panels)
