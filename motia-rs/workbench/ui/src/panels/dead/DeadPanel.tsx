/** The dead letters of all queues: what was given up, and what is to become of it. */

import { useQuery } from '@tanstack/react-query'
import { queues } from '~/api/queries'
import { ChoiceFilter, SearchFilter } from '~/lists/filters'
import { pick, useFilters } from '~/lists/useFilters'
import { Page } from '~/ui/Page'
import { DeadList } from './DeadList'

export default function DeadPanel() {
  const [filters] = useFilters()
  const { data } = useQuery(queues())
  const steps = (data ?? []).filter(({ dead, queue }) => dead > 0 || queue === filters.step)
  return (
    <Page
      title="Dead letters"
      about="Events that were given up"
      controls={
        <>
          <SearchFilter name="reason" label="Reason contains" />
          <ChoiceFilter
            name="step"
            label="Step"
            any="All steps"
            options={steps.map(({ queue, dead }) => ({ value: queue, title: `${queue} (${dead})` }))}
          />
        </>
      }
    >
      <DeadList filter={pick(filters, 'step', 'reason', 'topic', 'key', 'trace')} />
    </Page>
  )
}
