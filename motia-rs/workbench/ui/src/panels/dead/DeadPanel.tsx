/** The dead letters of all queues: what was given up, and what is to become of it. */

import { useQuery } from '@tanstack/react-query'
import { queues } from '~/api/queries'
import { pick, useFilters } from '~/lists/useFilters'
import { Choice } from '~/ui/Choice'
import { Page } from '~/ui/Page'
import { Search } from '~/ui/Search'
import { DeadList } from './DeadList'

export default function DeadPanel() {
  const [filters, set] = useFilters()
  const { data } = useQuery(queues())
  const steps = (data ?? []).filter(({ dead, queue }) => dead > 0 || queue === filters.step)
  return (
    <Page
      title="Dead letters"
      about="Events that were given up"
      controls={
        <>
          <Search
            label="Reason contains"
            value={filters.reason ?? ''}
            onChange={(reason) => set({ reason })}
            className="w-64 max-sm:flex-1"
          />
          <Choice
            label="Step"
            value={filters.step ?? ''}
            onChange={(step) => set({ step })}
            options={[
              { value: '', title: 'All steps' },
              ...steps.map(({ queue, dead }) => ({ value: queue, title: `${queue} (${dead})` })),
            ]}
          />
        </>
      }
    >
      <DeadList filter={pick(filters, 'step', 'reason', 'topic', 'key', 'trace')} />
    </Page>
  )
}
