/** The drawing of a flow: moved, zoomed, rearranged, and the arrangement kept. */

import {
  Background,
  BackgroundVariant,
  Controls,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  type Viewport,
} from '@xyflow/react'
import '@xyflow/react/dist/base.css'
import './graph.css'
import { useMemo, useState } from 'react'
import { saveLayout } from '~/api/actions'
import type { Activity, FlowInfo, QueueInfo, StepInfo } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { GraphTools } from './GraphTools'
import { linesOf, nodesOf, type StepNodeType } from './graph'
import { type Positions, place } from './place'
import { StepNode } from './StepNode'

const NODE_TYPES = { step: StepNode }

/** More steps than this are drawn only where they are in sight, with a map beside them. */
const LARGE = 40

/** How a large graph is looked at first. */
const [ZOOM, MARGIN] = [0.55, 24]

type Props = {
  flow: FlowInfo
  steps: StepInfo[]
  saved: Positions
  activity: Activity[]
  queues: QueueInfo[]
  chosen: string | undefined
  onChoose: (step: string) => void
}

export function Graph({ flow, steps, saved, activity, queues, chosen, onChoose }: Props) {
  const [moved, setMoved] = useState<Positions>({})
  const [isTidy, setTidy] = useState(false)
  const placed = useMemo(() => place(flow, isTidy ? {} : saved), [flow, saved, isTidy])
  const positions = useMemo(() => ({ ...placed, ...moved }), [placed, moved])
  const nodes = useMemo(
    () => nodesOf(positions, flow.edges, { steps, activity, queues, chosen }),
    [positions, flow, steps, activity, queues, chosen],
  )
  const lines = useMemo(
    () => linesOf(flow, { steps, activity, queues, chosen }),
    [flow, steps, activity, queues, chosen],
  )
  const save = useAction({
    do: () => saveLayout(flow.name, positions),
    touches: ['flows'],
    done: () => {
      setMoved({})
      setTidy(false)
      return 'The arrangement is saved beside the code'
    },
  })

  const change = (changes: NodeChange<StepNodeType>[]) => {
    const places: Positions = {}
    for (const each of changes) {
      if (each.type === 'position' && each.position) places[each.id] = each.position
    }
    if (Object.keys(places).length > 0) setMoved((before) => ({ ...before, ...places }))
  }

  const isLarge = steps.length > LARGE
  return (
    <ReactFlowProvider>
      <ReactFlow
        nodes={nodes}
        edges={lines}
        nodeTypes={NODE_TYPES}
        onNodesChange={change}
        onNodeClick={(_, node) => onChoose(node.id)}
        nodesConnectable={false}
        edgesFocusable={false}
        nodesFocusable={false}
        onlyRenderVisibleElements={isLarge}
        fitView={!isLarge}
        fitViewOptions={{ padding: 0.06, minZoom: 0.4, maxZoom: 1.1 }}
        defaultViewport={isLarge ? corner(positions) : { x: 0, y: 0, zoom: 1 }}
        minZoom={0.05}
        proOptions={{ hideAttribution: true }}
        aria-label={`The graph of ${flow.name}`}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        <Controls showInteractive={false} position="bottom-left" />
        {isLarge && <MiniMap pannable zoomable position="bottom-right" className="max-md:hidden" />}
        <GraphTools
          chosen={chosen}
          isChanged={Object.keys(moved).length > 0 || isTidy}
          isBusy={save.isPending}
          onSave={() => save.mutate()}
          onTidy={() => {
            setMoved({})
            setTidy(true)
          }}
          onUndo={() => {
            setMoved({})
            setTidy(false)
          }}
        />
      </ReactFlow>
    </ReactFlowProvider>
  )
}

/** Looks at the upper left corner, where a graph begins that is too large to be seen as a whole. */
function corner(positions: Positions): Viewport {
  const all = Object.values(positions)
  const [left, top] = [Math.min(...all.map(({ x }) => x)), Math.min(...all.map(({ y }) => y))]
  return { x: MARGIN - left * ZOOM, y: MARGIN - top * ZOOM, zoom: ZOOM }
}
