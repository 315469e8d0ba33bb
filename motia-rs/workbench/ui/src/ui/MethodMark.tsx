/** The method of a request, as wide as the others, in its colour. */

import { classes } from './classes'

const COLOURS: Record<string, string> = {
  GET: 'text-api',
  POST: 'text-ok',
  PUT: 'text-warn',
  PATCH: 'text-warn',
  DELETE: 'text-bad',
}

export function MethodMark({ method }: { method: string }) {
  return (
    <span
      className={classes(
        'inline-block w-13 shrink-0 font-mono text-2xs font-semibold',
        COLOURS[method] ?? 'text-soft',
      )}
    >
      {method}
    </span>
  )
}
