/** The time of day of an instant, to the millisecond; its date when pointed at. */

import { clockTime, fullTime } from '~/text/format'

export function Clock({ at }: { at: string }) {
  return (
    <time dateTime={at} title={fullTime(at)} className="font-mono text-xs whitespace-nowrap text-soft">
      {clockTime(at)}
    </time>
  )
}
