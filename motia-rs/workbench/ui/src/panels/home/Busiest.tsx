/** The steps that did most since the app started. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { activity, steps } from '~/api/queries'
import type { Activity, Kind } from '~/api/shapes'
import { count, plural } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { KindMark } from '~/ui/KindMark'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'
import { Box } from './Box'

/** As many are shown. */
const SHOWN = 8

export function Busiest() {
  const query = useQuery(activity())
  const kinds = new Map(useQuery(steps()).data?.map(({ name, kind }) => [name, kind]))
  return (
    <Box title="Busiest steps">
      <Loaded of={query}>
        {(all) => {
          const busy = all.filter(({ runs }) => runs > 0).sort((one, other) => other.runs - one.runs)
          const most = busy[0]?.runs ?? 1
          if (busy.length === 0)
            return <p className="px-4 py-6 text-soft">No step ran since the app started.</p>
          return (
            <ul className="divide-y divide-line">
              {busy.slice(0, SHOWN).map((each) => (
                <BusyLine key={each.step} step={each} kind={kinds.get(each.step)} most={most} />
              ))}
            </ul>
          )
        }}
      </Loaded>
    </Box>
  )
}

type Props = { step: Activity; kind: Kind | undefined; most: number }

function BusyLine({ step, kind, most }: Props) {
  return (
    <li>
      <Link
        to={'/steps/$step' as string}
        params={{ step: step.step } as never}
        search={{} as never}
        className="grid h-9 grid-cols-[minmax(0,12rem)_1fr_auto] items-center gap-3 px-4 -outline-offset-2 hover:bg-hover"
      >
        <span className="flex min-w-0 items-center gap-2">
          {kind && <KindMark kind={kind} />}
          <Text of={step.step} className="font-medium" />
        </span>
        <span className="h-1.5 rounded-full bg-hover max-sm:hidden">
          <span
            className="block h-full rounded-full bg-accent/70"
            style={{ width: `${Math.max(1, (step.runs / most) * 100)}%` }}
          />
        </span>
        <span className="flex items-center justify-end gap-3 text-xs text-soft">
          {step.failed > 0 && <span className="text-bad">{count(step.failed)} failed</span>}
          <span className="min-w-14 text-right">{plural(step.runs, 'run')}</span>
          <span className="w-18 text-right text-faint max-sm:hidden">
            <Ago at={step.lastRunAt} />
          </span>
        </span>
      </Link>
    </li>
  )
}
