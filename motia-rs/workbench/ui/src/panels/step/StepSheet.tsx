/** What is known of a step: its config, its source, its last runs. */

import { useQuery } from '@tanstack/react-query'
import { steps } from '~/api/queries'
import { useFilters } from '~/lists/useFilters'
import { Loaded } from '~/ui/Loaded'
import { Refused } from '~/ui/Refused'
import { Tabs } from '~/ui/Tabs'
import { StepConfig } from './StepConfig'
import { StepRuns } from './StepRuns'
import { StepSource } from './StepSource'

export function StepSheet({ step: name }: { step: string }) {
  const [filters, set] = useFilters()
  const query = useQuery(steps())
  return (
    <Loaded of={query}>
      {(all) => {
        const step = all.find((each) => each.name === name)
        if (!step) return <Refused error={new Error(`The app has no step ${name}.`)} />
        return (
          <Tabs
            label={`About ${name}`}
            shown={filters.sheet ?? 'config'}
            onShow={(sheet) => set({ sheet: sheet === 'config' ? '' : sheet })}
            tabs={[
              { key: 'config', title: 'Config', body: () => <StepConfig step={step} /> },
              { key: 'runs', title: 'Last runs', body: () => <StepRuns step={name} /> },
              { key: 'source', title: 'Source', body: () => <StepSource step={name} /> },
            ]}
          />
        )
      }}
    </Loaded>
  )
}
