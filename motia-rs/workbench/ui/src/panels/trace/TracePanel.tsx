/** A trace: everything that one cause set going, drawn over time. */

import { useQuery } from '@tanstack/react-query'
import { useParams, useRouter } from '@tanstack/react-router'
import { ArrowLeft, Ban } from 'lucide-react'
import { useMemo, useState } from 'react'
import { cancelTrace } from '~/api/actions'
import { trace as traceOf } from '~/api/queries'
import type { Trace } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { useFilters } from '~/lists/useFilters'
import { plural, took } from '~/text/format'
import { printable } from '~/text/printable'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Button } from '~/ui/Button'
import { Confirm } from '~/ui/Confirm'
import { CopyButton } from '~/ui/CopyButton'
import { IconButton } from '~/ui/IconButton'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { RunDetail } from './RunDetail'
import { branches } from './tree'
import { Waterfall } from './Waterfall'

export default function TracePanel() {
  const { trace = '' } = useParams({ strict: false }) as { trace?: string }
  const query = useQuery(traceOf(trace))
  const router = useRouter()
  const [isAsking, setAsking] = useState(false)
  const refused = useRefused()
  const cancel = useAction({
    do: cancelTrace,
    touches: ['queues', 'runs'],
    done: ({ cancelled }) => `${plural(cancelled, 'delivery', 'deliveries')} cancelled`,
  })
  const waiting = query.data?.waiting ?? 0
  return (
    <Page
      title={`Trace ${printable(trace).slice(0, 8)}`}
      before={<IconButton icon={ArrowLeft} label="Back" onClick={() => router.history.back()} />}
      about={<CopyButton text={trace} label="Copy the trace id" />}
      actions={
        waiting > 0 && (
          <Button icon={Ban} refused={refused} onClick={() => setAsking(true)}>
            Cancel what waits
          </Button>
        )
      }
    >
      <Loaded of={query}>{(found) => <Sheets key={found.traceId} trace={found} />}</Loaded>
      {isAsking && (
        <Confirm
          title="Cancel what waits of this trace?"
          about={`${plural(waiting, 'delivery', 'deliveries')} will not be handled.`}
          verb="Cancel them"
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={() => cancel.mutate(trace)}
        />
      )}
    </Page>
  )
}

function Sheets({ trace }: { trace: Trace }) {
  const [filters, set] = useFilters()
  const { lines, total } = useMemo(() => branches(trace.runs), [trace.runs])
  const failed = trace.runs.filter(({ outcome }) => outcome === 'failed').length
  const chosen = lines.find(({ run }) => String(run.id) === filters.run)?.run ?? lines[0]?.run
  return (
    <div className="flex h-full flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-3 border-b border-line px-4 py-2 text-soft">
        <span>{plural(trace.runs.length, 'run')}</span>
        <span>{took(total * 1000)}</span>
        {lines[0] && <Ago at={lines[0].run.startedAt} />}
        {failed > 0 && <Badge tone="bad">{failed} failed</Badge>}
        {trace.waiting > 0 && <Badge tone="accent">{trace.waiting} wait or run</Badge>}
        {trace.cut && <Badge tone="warn">there are more runs than these</Badge>}
      </div>
      <div className="flex min-h-0 flex-1 max-lg:flex-col">
        <div className="min-h-0 min-w-0 flex-1 max-lg:max-h-[45%]">
          <Waterfall lines={lines} total={total} chosen={chosen} onChoose={(id) => set({ run: id })} />
        </div>
        {chosen && (
          <div className="min-h-0 shrink-0 border-line max-lg:flex-1 max-lg:border-t lg:w-[28rem] lg:border-l xl:w-[34rem]">
            <RunDetail key={String(chosen.id)} run={chosen} />
          </div>
        )}
      </div>
    </div>
  )
}
