/** Why something does not start, in sentences. */

import type { Reason } from '~/api/shapes'
import { fullTime, plural } from '~/text/format'

const text = (value: unknown) => (typeof value === 'string' ? value : String(value ?? ''))
const number = (value: unknown) => Number(value ?? 0)

const SENTENCES: Record<string, (reason: Reason) => string> = {
  paused: ({ by, since }) => `Its queue was paused by ${text(by)}, ${fullTime(text(since))}.`,
  stopping: () => 'The app is shutting down.',
  atRest: () => 'The app does not run.',
  orphaned: () => 'Its step is gone from the app; it waits until the step is back.',
  held: ({ error }) =>
    `Its payload does not fit the step's input${error ? `: ${text(error)}` : ''}. It waits for a program that it fits.`,
  delayed: ({ until }) => `It waits for its time: ${fullTime(text(until))}.`,
  retrying: ({ until, attempts }) =>
    `It failed ${number(attempts) === 1 ? 'once' : `${number(attempts)} times`} and is tried again ${fullTime(text(until))}.`,
  postponed: ({ until, why }) => `It was put off until ${fullTime(text(until))}: ${text(why)}.`,
  behind: ({ ahead }) =>
    `${plural(number(ahead), 'other')} of its queue ${number(ahead) === 1 ? 'comes' : 'come'} first.`,
  behindInKey: ({ key, ahead }) =>
    `${plural(number(ahead), 'other')} of its key \`${text(key)}\` ${number(ahead) === 1 ? 'comes' : 'come'} first.`,
  keyBusy: ({ key, running }) => `As many of its key \`${text(key)}\` run as may: ${number(running)}.`,
  keyRateLimited: ({ key, until }) =>
    `Its key \`${text(key)}\` has used up its rate until ${fullTime(text(until))}.`,
  debounced: ({ until }) =>
    `It waits for its key to be silent, until ${fullTime(text(until))} if nothing comes.`,
  batching: ({ until }) =>
    `It waits for others to make a batch with, until ${fullTime(text(until))} at the latest.`,
  stepBusy: ({ running }) => `As many attempts of its step run as may: ${number(running)}.`,
  processBusy: ({ running }) => `As many attempts run in the process as may: ${number(running)}.`,
  rateLimited: ({ until }) => `Its step has used up its rate until ${fullTime(text(until))}.`,
  circuitOpen: ({ name, until, by }) =>
    by
      ? `The circuit \`${text(name)}\` is held open by ${text(by)} until somebody resets it.`
      : `The circuit \`${text(name)}\` is open${until ? `; one attempt is tried ${fullTime(text(until))}` : ''}.`,
  next: () => 'Nothing: it starts as soon as a worker comes to it.',
}

/** One reason as a sentence; one that this Workbench does not know, in the words of the app. */
export function sentence(reason: Reason): string {
  const known = SENTENCES[reason.because]
  if (known) return known(reason)
  const { because, ...rest } = reason
  return Object.keys(rest).length > 0 ? `${because}: ${JSON.stringify(rest)}` : because
}
