/** Which runs are shown. */

import type { FlowInfo, StepInfo } from '~/api/shapes'
import { CheckFilter, ChoiceFilter, ClearFilters, named, SearchFilter, SinceFilter } from '~/lists/filters'
import { OUTCOMES } from '~/ui/OutcomeBadge'

export function RunFilters({ steps, flows }: { steps: StepInfo[]; flows: FlowInfo[] }) {
  const outcomes = OUTCOMES.map((value) => ({ value, title: value }))
  return (
    <>
      <SearchFilter name="text" label="Find in runs" placeholder="Text in the step, error, request or logs" />
      <ChoiceFilter name="outcome" label="Outcome" any="Any outcome" options={outcomes} />
      <ChoiceFilter name="step" label="Step" any="Any step" options={named(steps)} />
      <ChoiceFilter name="flow" label="Flow" any="Any flow" options={named(flows)} />
      <SinceFilter />
      <CheckFilter name="roots">Roots only</CheckFilter>
      <ClearFilters />
    </>
  )
}
