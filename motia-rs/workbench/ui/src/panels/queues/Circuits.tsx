/** The circuits: whether the dependencies that steps name are asked at all. */

import { useQuery } from '@tanstack/react-query'
import { circuits } from '~/api/queries'
import { CircuitCard } from './CircuitCard'

export function Circuits() {
  const { data } = useQuery(circuits())
  if (!data || data.length === 0) return null
  return (
    <section aria-label="Circuits" className="flex shrink-0 flex-wrap gap-2 border-b border-line px-4 py-3">
      {data.map((circuit) => (
        <CircuitCard key={circuit.name} circuit={circuit} />
      ))}
    </section>
  )
}
