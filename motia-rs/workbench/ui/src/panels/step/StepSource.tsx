/** The source of a step, where the app runs beside it. */

import { useQuery } from '@tanstack/react-query'
import { FileCode2 } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { stepSource } from '~/api/queries'
import { printable } from '~/text/printable'
import { classes } from '~/ui/classes'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'

export function StepSource({ step }: { step: string }) {
  const query = useQuery(stepSource(step))
  return (
    <Loaded of={query}>
      {({ file, line, text, why }) =>
        text === null ? (
          <Empty icon={FileCode2} title="The source cannot be shown">
            <Text of={why ?? ''} isWhole />
            <p className="mt-1 font-mono text-xs">
              {printable(file)}:{line}
            </p>
          </Empty>
        ) : (
          <Lines file={file} line={line} text={text} />
        )
      }
    </Loaded>
  )
}

function Lines({ file, line, text }: { file: string; line: number; text: string }) {
  const mark = useRef<HTMLSpanElement>(null)
  useEffect(() => mark.current?.scrollIntoView({ block: 'center' }), [])
  return (
    <section
      tabIndex={0}
      aria-label={`Source of ${file}`}
      className="h-full overflow-auto py-2 font-mono text-xs leading-5"
    >
      {text.split('\n').map((content, at) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a file do not move
          key={at}
          ref={at + 1 === line ? mark : undefined}
          className={classes('flex min-w-max', at + 1 === line && 'bg-accent-wash')}
        >
          <span aria-hidden className="w-12 shrink-0 pr-3 text-right text-faint select-none">
            {at + 1}
          </span>
          <span className="pr-4 whitespace-pre">{printable(content) || ' '}</span>
        </span>
      ))}
    </section>
  )
}
