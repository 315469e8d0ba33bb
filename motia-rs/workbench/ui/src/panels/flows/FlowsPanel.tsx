/** The flows of the app: which steps belong together. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Network } from 'lucide-react'
import { activity, flows, steps } from '~/api/queries'
import type { Activity, FlowInfo, StepInfo } from '~/api/shapes'
import { SearchFilter } from '~/lists/filters'
import { useFilters } from '~/lists/useFilters'
import { count, plural } from '~/text/format'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { KindMark } from '~/ui/KindMark'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Scroll } from '~/ui/Scroll'
import { Text } from '~/ui/Text'

export default function FlowsPanel() {
  const [filters] = useFilters()
  const query = useQuery(flows())
  const allSteps = useQuery(steps()).data
  const live = useQuery(activity()).data
  const wanted = (filters.q ?? '').toLowerCase()
  return (
    <Page
      title="Flows"
      about="Which steps belong together, and who sets whom going"
      controls={<SearchFilter label="Find a flow or a step" />}
    >
      <Loaded of={query}>
        {(all) => {
          const shown = all.filter(({ name, steps }) =>
            [name, ...steps].some((each) => each.toLowerCase().includes(wanted)),
          )
          if (shown.length === 0) {
            return (
              <Empty icon={Network} title={all.length > 0 ? 'No flow fits' : 'No flows yet'}>
                Steps that name the same <code className="font-mono text-xs">Flow</code> in their config are
                drawn together.
              </Empty>
            )
          }
          return (
            <Scroll label="Flows" className="p-4">
              <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
                {shown.map((flow) => (
                  <FlowCard key={flow.name} flow={flow} steps={allSteps ?? []} live={live ?? []} />
                ))}
              </ul>
            </Scroll>
          )
        }}
      </Loaded>
    </Page>
  )
}

type CardProps = { flow: FlowInfo; steps: StepInfo[]; live: Activity[] }

function FlowCard({ flow, steps, live }: CardProps) {
  const mine = live.filter(({ step }) => flow.steps.includes(step))
  const sum = (field: 'runs' | 'waiting' | 'dead') => mine.reduce((total, each) => total + each[field], 0)
  const kinds = new Map(steps.map(({ name, kind }) => [name, kind]))
  return (
    <li className="card relative flex min-h-36 flex-col gap-2 p-4 hover:border-edge">
      <div className="flex items-center gap-2">
        <h2 className="min-w-0 flex-1 text-base font-semibold">
          <Link
            data-row
            to={'/flows/$flow' as string}
            params={{ flow: flow.name } as never}
            search={{} as never}
            className="block truncate rounded-lg after:absolute after:inset-0"
          >
            <Text of={flow.name} />
          </Link>
        </h2>
        {sum('dead') > 0 && <Badge tone="bad">{count(sum('dead'))} dead</Badge>}
        {sum('waiting') > 0 && <Badge tone="accent">{count(sum('waiting'))} waiting</Badge>}
      </div>
      <p className="line-clamp-2 flex-1 text-soft">
        <Text of={flow.description} isWhole />
      </p>
      <div className="flex items-center gap-2 text-xs text-faint">
        <span className="flex gap-0.5">
          {(['api', 'event', 'cron', 'noop'] as const)
            .filter((kind) => flow.steps.some((step) => kinds.get(step) === kind))
            .map((kind) => (
              <KindMark key={kind} kind={kind} />
            ))}
        </span>
        {plural(flow.steps.length, 'step')}
        {mine.length > 0 && ` · ${plural(sum('runs'), 'run')}`}
      </div>
    </li>
  )
}
