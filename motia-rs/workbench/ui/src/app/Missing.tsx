/** There is no such panel. */

import { Compass } from 'lucide-react'
import { Empty } from '~/ui/Empty'
import { Key } from '~/ui/Key'

export function Missing() {
  return (
    <Empty icon={Compass} title="There is no such panel">
      <Key>Ctrl K</Key> finds every panel, step, flow and endpoint.
    </Empty>
  )
}
