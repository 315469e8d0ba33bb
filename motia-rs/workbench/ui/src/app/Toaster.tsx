/** Where the short messages are shown, and read out. */

import { CircleCheck, TriangleAlert, X } from 'lucide-react'
import { IconButton } from '~/ui/IconButton'
import { Text } from '~/ui/Text'
import { dismiss, useToasts } from './toasts'

export function Toaster() {
  const toasts = useToasts()
  return (
    <section
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 z-50 flex w-[calc(100vw-1.5rem)] max-w-sm flex-col gap-2"
    >
      {toasts.map(({ id, tone, text, href }) => (
        <div
          key={id}
          className="appear pointer-events-auto flex items-start gap-2.5 rounded-lg border border-line bg-raised p-2.5 shadow-pop"
        >
          {tone === 'ok' ? (
            <CircleCheck size={17} aria-hidden className="mt-1 shrink-0 text-ok" />
          ) : (
            <TriangleAlert size={17} aria-hidden className="mt-1 shrink-0 text-bad" />
          )}
          <div className="min-w-0 flex-1 pt-1">
            <Text of={text} isWhole />
            {href && (
              <a href={href} className="ml-2 font-medium text-accent underline">
                Show
              </a>
            )}
          </div>
          <IconButton icon={X} label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </section>
  )
}
