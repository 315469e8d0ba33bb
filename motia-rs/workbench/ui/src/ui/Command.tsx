/** A line to type in a terminal, with a button that copies it. */

import { CopyButton } from './CopyButton'

export function Command({ line }: { line: string }) {
  return (
    <div className="flex max-w-full min-w-0 items-center gap-1 rounded-md border border-line bg-sunken py-0.5 pr-1 pl-3">
      <pre tabIndex={0} className="min-w-0 flex-1 overflow-x-auto py-1 text-left font-mono text-xs">
        {line}
      </pre>
      <CopyButton text={line} label="Copy the line" />
    </div>
  )
}
