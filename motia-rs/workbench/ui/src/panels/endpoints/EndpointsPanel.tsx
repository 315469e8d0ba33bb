/** The routes of the app, and trying them. */

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Send } from 'lucide-react'
import { endpoints } from '~/api/queries'
import { SearchFilter } from '~/lists/filters'
import { useFilters } from '~/lists/useFilters'
import { classes } from '~/ui/classes'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { EndpointList } from './EndpointList'
import { TryIt } from './TryIt'

export default function EndpointsPanel() {
  const { step } = useParams({ strict: false }) as { step?: string }
  const [filters] = useFilters()
  const query = useQuery(endpoints())
  return (
    <Page
      title="Endpoints"
      about="The routes of the app: try them"
      controls={<SearchFilter label="Find a route" />}
    >
      <Loaded of={query}>
        {(all) => {
          const wanted = (filters.q ?? '').toLowerCase()
          const shown = all.filter(({ step, method, path, description }) =>
            `${method} ${path} ${step} ${description}`.toLowerCase().includes(wanted),
          )
          shown.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
          const chosen = all.find((each) => each.step === step)
          if (all.length === 0) {
            return (
              <Empty icon={Send} title="The app has no routes yet">
                A step with an <code className="font-mono text-xs">ApiConfig</code> is a route.
              </Empty>
            )
          }
          return (
            <div className="flex h-full">
              <div
                className={classes(
                  'h-full w-full shrink-0 border-line md:w-80 md:border-r xl:w-96',
                  chosen && 'max-md:hidden',
                )}
              >
                <EndpointList endpoints={shown} chosen={step} />
              </div>
              <div className={classes('h-full min-w-0 flex-1', !chosen && 'max-md:hidden')}>
                {chosen ? (
                  <TryIt key={chosen.step} endpoint={chosen} />
                ) : (
                  <Empty icon={Send} title="Choose a route to try it">
                    A request goes to the app itself, as any client's does, and its trace is shown.
                  </Empty>
                )}
              </div>
            </div>
          )
        }}
      </Loaded>
    </Page>
  )
}
