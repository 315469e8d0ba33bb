/** How long ago something was, or in how long it will be; the instant itself when pointed at. */

import { ago, fullTime } from '~/text/format'
import { useNow } from './ticker'

export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow()
  if (!at) return <span className="text-faint">never</span>
  return (
    <time dateTime={at} title={fullTime(at)} className="whitespace-nowrap">
      {ago(Date.parse(at), now)}
    </time>
  )
}
