/** What can be done with the arrangement of a graph. */

import { Panel, useReactFlow } from '@xyflow/react'
import { Save, Undo2, WandSparkles } from 'lucide-react'
import { useEffect } from 'react'
import { useRefused } from '~/app/useRole'
import { Button } from '~/ui/Button'
import { HEIGHT, WIDTH } from './size'

/** As wide the sheet at the side is, in pixels. */
const SHEET = 576

/** A graph that was just opened has found its place after so many milliseconds. */
const SETTLED = 250

type Props = {
  /** The step that is looked at, which must not lie under the sheet. */
  chosen: string | undefined
  isChanged: boolean
  isBusy: boolean
  onSave: () => void
  onTidy: () => void
  onUndo: () => void
}

export function GraphTools({ chosen, isChanged, isBusy, onSave, onTidy, onUndo }: Props) {
  const refused = useRefused()
  const { fitView, getNode, getViewport, setViewport } = useReactFlow()
  useEffect(() => {
    const timer = setTimeout(() => {
      const node = chosen === undefined ? undefined : getNode(chosen)
      const pane = document.querySelector('.react-flow')?.getBoundingClientRect()
      if (!node || !pane) return
      const { x, y, zoom } = getViewport()
      const isNarrow = window.innerWidth - SHEET - pane.left < WIDTH
      const free = isNarrow ? pane.width : pane.width - SHEET
      const [left, top] = [node.position.x * zoom + x, node.position.y * zoom + y]
      const isInSight =
        left >= 0 && top >= 0 && left + WIDTH * zoom < free - 16 && top + HEIGHT * zoom < pane.height
      if (isInSight) return
      const middle = { x: (free - WIDTH * zoom) / 2, y: (pane.height - HEIGHT * zoom) / 2 }
      void setViewport({ x: x + middle.x - left, y: y + middle.y - top, zoom }, { duration: 200 })
    }, SETTLED)
    return () => clearTimeout(timer)
  }, [chosen, getNode, getViewport, setViewport])
  const refit = () => setTimeout(() => void fitView({ padding: 0.06, maxZoom: 1.1 }), 50)
  return (
    <Panel position="top-right" className="flex gap-2">
      {isChanged && (
        <>
          <Button
            icon={Undo2}
            onClick={() => {
              onUndo()
              refit()
            }}
          >
            As it was
          </Button>
          <Button icon={Save} look="primary" refused={refused} isBusy={isBusy} onClick={onSave}>
            Save
          </Button>
        </>
      )}
      <Button
        icon={WandSparkles}
        onClick={() => {
          onTidy()
          refit()
        }}
      >
        Tidy up
      </Button>
    </Panel>
  )
}
