/** A number in a list; nothing is quiet. */

import { count } from '~/text/format'
import { classes } from '~/ui/classes'

type Props = { of: number; tone?: 'warn' | 'bad' | undefined }

export function Tally({ of, tone }: Props) {
  const colour = tone === 'bad' ? 'font-semibold text-bad' : tone === 'warn' ? 'font-semibold text-warn' : ''
  return <span className={classes(of === 0 ? 'text-faint' : colour)}>{count(of)}</span>
}
