/** What can be done with the arrangement of a graph. */

import { Panel, useReactFlow } from '@xyflow/react'
import { Save, Undo2, WandSparkles } from 'lucide-react'
import { useRefused } from '~/app/useRole'
import { Button } from '~/ui/Button'

type Props = {
  isChanged: boolean
  isBusy: boolean
  onSave: () => void
  onTidy: () => void
  onUndo: () => void
}

export function GraphTools({ isChanged, isBusy, onSave, onTidy, onUndo }: Props) {
  const refused = useRefused()
  const { fitView } = useReactFlow()
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
