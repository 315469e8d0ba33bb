/** How many dead letters there are: the same answer that their list shows. */

import { useQuery } from '@tanstack/react-query'
import { dead } from '~/api/queries'
import { count, plural } from '~/text/format'
import { Badge } from '~/ui/Badge'

export function DeadBadge() {
  const { data } = useQuery(dead())
  if (!data || data.total === 0) return null
  return (
    <Badge tone="bad">
      <span data-testid="dead-badge" title={plural(data.total, 'dead letter')}>
        {count(data.total)}
      </span>
    </Badge>
  )
}
