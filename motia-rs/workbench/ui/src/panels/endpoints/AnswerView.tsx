/** What came back: status, time, headers, body, and the trace that it set going. */

import { Link } from '@tanstack/react-router'
import { Activity } from 'lucide-react'
import { JsonView } from '~/json/JsonView'
import { parse } from '~/json/lossless'
import { bytes, span } from '~/text/format'
import { printable } from '~/text/printable'
import { Badge, type Tone } from '~/ui/Badge'
import { CopyButton } from '~/ui/CopyButton'
import { Refused } from '~/ui/Refused'
import { Text } from '~/ui/Text'
import type { Answer } from './send'

type Props = { answer: Answer | undefined; failed: string | undefined }

export function AnswerView({ answer, failed }: Props) {
  if (failed) return <Refused error={new Error(failed)} />
  if (!answer) return null
  return (
    <section aria-label="Answer" className="border-t-4 border-line">
      <div role="status" className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2.5">
        <Badge tone={toneOf(answer.status)}>
          <span data-testid="status">{answer.status || answer.statusText}</span>
          {answer.status > 0 && <Text of={answer.statusText} />}
        </Badge>
        <span className="text-soft">{span(answer.tookMs / 1000)}</span>
        <span className="text-soft">{bytes(answer.size)}</span>
        {!answer.isOver && <Badge tone="accent">still coming</Badge>}
        <span className="flex-1" />
        {answer.traceId && (
          <Link
            to={'/traces/$trace' as string}
            params={{ trace: answer.traceId } as never}
            search={{} as never}
            className="inline-flex h-8 items-center gap-1.5 rounded-md border border-edge bg-surface px-2.5 font-medium hover:bg-hover"
          >
            <Activity size={15} aria-hidden />
            Trace <span className="font-mono text-xs">{answer.traceId.slice(0, 8)}</span>
          </Link>
        )}
      </div>
      <div className="p-4">
        <Body answer={answer} />
      </div>
      <details className="border-t border-line px-4 py-2">
        <summary className="py-1 text-xs font-semibold text-faint">Headers of the answer</summary>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 py-2 font-mono text-xs">
          {answer.headers.map(([name, value]) => (
            <div key={`${name} ${value}`} className="contents">
              <dt className="text-faint">{printable(name)}</dt>
              <dd className="break-all">{printable(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  )
}

function Body({ answer: { text, headers, isOver, isCut } }: { answer: Answer }) {
  const kind = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  if (text === '')
    return <p className="text-faint">{isOver ? 'The answer has no body.' : 'Nothing came yet.'}</p>
  const value = isOver && !isCut && kind.includes('json') ? json(text) : undefined
  if (value !== undefined) return <JsonView value={value} label="Body of the answer" />
  return (
    <div className="relative">
      <pre
        tabIndex={0}
        role="region"
        aria-label="Body of the answer"
        className="max-h-96 overflow-auto rounded-md border border-line bg-sunken p-2.5 pr-9 font-mono text-xs break-words whitespace-pre-wrap"
      >
        {printable(text)}
      </pre>
      <span className="absolute top-1 right-1">
        <CopyButton text={text} label="Copy the body" />
      </span>
      {isCut && <p className="mt-1 text-soft">There is more than this.</p>}
    </div>
  )
}

function json(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

function toneOf(status: number): Tone {
  if (status === 0) return 'quiet'
  if (status < 300) return 'ok'
  if (status < 400) return 'accent'
  return status < 500 ? 'warn' : 'bad'
}
