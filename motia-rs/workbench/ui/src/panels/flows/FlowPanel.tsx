/** One flow with what goes on in it now: as a graph, or as a list of its steps. */

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft, List, Network } from 'lucide-react'
import { useMemo } from 'react'
import { activity, flow, layout, queues, steps } from '~/api/queries'
import { SearchFilter } from '~/lists/filters'
import { useFilters } from '~/lists/useFilters'
import { Button } from '~/ui/Button'
import { Drawer } from '~/ui/Drawer'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { useIsNarrow } from '~/ui/useIsNarrow'
import { StepSheet } from '../step/StepSheet'
import { StepTitle } from '../step/StepTitle'
import { Graph } from './Graph'
import { StepTable } from './StepTable'

export default function FlowPanel() {
  const { flow: name = '' } = useParams({ strict: false }) as { flow?: string }
  const [filters, set] = useFilters()
  const query = useQuery(flow(name))
  const allSteps = useQuery(steps())
  const saved = useQuery(layout(name))
  const live = useQuery(activity()).data
  const waiting = useQuery(queues()).data
  // A thumb has no room for a graph: there the list is shown first.
  const isNarrow = useIsNarrow()
  const isList = filters.view === undefined ? isNarrow : filters.view === 'list'
  const mine = useMemo(() => {
    const names = new Set(query.data?.steps)
    return (allSteps.data ?? []).filter(({ name }) => names.has(name))
  }, [query.data, allSteps.data])
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
      actions={
        <Button icon={isList ? Network : List} onClick={() => set({ view: isList ? 'graph' : 'list' })}>
          {isList ? 'As a graph' : 'As a list'}
        </Button>
      }
      controls={isList && <SearchFilter label="Find a step" />}
    >
      <Loaded of={query}>
        {(found) => (
          <Loaded of={allSteps}>
            {() =>
              isList ? (
                <StepTable
                  flow={found.name}
                  steps={mine}
                  activity={live ?? []}
                  wanted={filters.q ?? ''}
                  chosen={filters.step}
                />
              ) : saved.isPending ? null : (
                <Graph
                  key={found.name}
                  flow={found}
                  steps={mine}
                  saved={saved.data?.positions ?? NOTHING}
                  activity={live ?? NONE}
                  queues={waiting ?? NONE}
                  chosen={filters.step}
                  onChoose={(step) => set({ step })}
                />
              )
            }
          </Loaded>
        )}
      </Loaded>
      {filters.step && (
        <Drawer
          name={`Step ${filters.step}`}
          title={<StepTitle step={filters.step} />}
          actions={
            isList && (
              <Button icon={Network} onClick={() => set({ view: 'graph' })}>
                In the graph
              </Button>
            )
          }
          onClose={() => set({ step: '' })}
        >
          <StepSheet key={filters.step} step={filters.step} />
        </Drawer>
      )}
    </Page>
  )
}

// The same ones each time: what is drawn is worked out anew only when something changed.
const NOTHING = {}
const NONE: never[] = []
