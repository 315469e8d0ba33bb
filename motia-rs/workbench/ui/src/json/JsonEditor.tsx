/** JSON to write; the editor itself is fetched when one is first shown. */

import { lazy, Suspense } from 'react'

const Editor = lazy(() => import('./CodeMirror'))

export type EditorProps = {
  label: string
  value: string
  onChange: (text: string) => void
  isReadOnly?: boolean
  /** In lines. */
  height?: number
}

/** Holds its place while the editor is fetched, so that nothing moves. */
export function JsonEditor(props: EditorProps) {
  const height = `${(props.height ?? 12) * 1.25 + 1}rem`
  return (
    <div style={{ height }} className="overflow-hidden rounded-md border border-edge bg-sunken">
      <Suspense fallback={<pre className="p-2 font-mono text-xs text-faint">{props.value}</pre>}>
        <Editor {...props} />
      </Suspense>
    </div>
  )
}
