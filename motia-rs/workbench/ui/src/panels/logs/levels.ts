/** How much a line matters. */

import type { Level } from '~/api/shapes'

export const LEVELS: Level[] = ['debug', 'info', 'warn', 'error']

export const LEVEL_TEXT: Record<Level, string> = {
  debug: 'text-faint',
  info: 'text-api',
  warn: 'text-warn',
  error: 'text-bad',
}
