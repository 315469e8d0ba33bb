/** One flow as a graph, with what goes on in it now. */

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { activity, flow, layout, queues, steps } from '~/api/queries'
import { useFilters } from '~/lists/useFilters'
import { Drawer } from '~/ui/Drawer'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { StepSheet } from '../step/StepSheet'
import { StepTitle } from '../step/StepTitle'
import { Graph } from './Graph'

export default function FlowPanel() {
  const { flow: name = '' } = useParams({ strict: false }) as { flow?: string }
  const [filters, set] = useFilters()
  const query = useQuery(flow(name))
  const allSteps = useQuery(steps())
  const saved = useQuery(layout(name))
  const live = useQuery(activity()).data
  const waiting = useQuery(queues()).data
  const close = () => set({ step: '' })
  return (
    <Page
      title={name}
      before={
        <Link
          to={'/flows' as string}
          search={{} as never}
          aria-label="All flows"
          className="text-soft hover:text-ink"
        >
          <ArrowLeft size={17} aria-hidden />
        </Link>
      }
      about={query.data && <Text of={query.data.description} />}
    >
      <Loaded of={query}>
        {(found) => (
          <Loaded of={allSteps}>
            {(known) =>
              saved.isPending ? null : (
                <Graph
                  key={found.name}
                  flow={found}
                  steps={known.filter((step) => found.steps.includes(step.name))}
                  saved={saved.data?.positions ?? {}}
                  activity={live ?? []}
                  queues={waiting ?? []}
                  chosen={filters.step}
                  onChoose={(step) => set({ step })}
                />
              )
            }
          </Loaded>
        )}
      </Loaded>
      {filters.step && (
        <Drawer name={`Step ${filters.step}`} title={<StepTitle step={filters.step} />} onClose={close}>
          <StepSheet key={filters.step} step={filters.step} />
        </Drawer>
      )}
    </Page>
  )
}
