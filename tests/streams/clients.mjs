// Watches the list `home` of the example `streams` with one of Motia's published clients, and prints what it
// is shown as lines of JSON: [what, data].
//
//   node clients.mjs node|browser|react ws://localhost:3000

import { WebSocket } from 'ws'

const [, , kind, url] = process.argv
const say = (what, data) => console.log(JSON.stringify([what, data]))

// The clients do not listen for errors of their sockets, and come back by themselves.
process.on('uncaughtException', (error) => say('error', String(error)))
process.stdin.on('end', () => process.exit(0)).resume()
globalThis.WebSocket ??= WebSocket

const watch = {
  node: async () => plain((await import('@motiadev/stream-client-node')).Stream),
  browser: async () => plain((await import('@motiadev/stream-client-browser')).Stream),
  react,
}
await watch[kind]()

function plain(Stream) {
  const stream = new Stream(url)
  const group = stream.subscribeGroup('todos', 'home')
  group.addChangeListener((items) => say('group', items))
  group.onEvent('bell', (data) => say('bell', data))
  stream.subscribeItem('todos', 'home', '1').addChangeListener((item) => say('item', item))
  stream.subscribeGroup('todos', 'secret').onEvent('error', (data) => say('refused', data))
}

async function react() {
  const { JSDOM } = await import('jsdom')
  const { window } = new JSDOM('<div id="root"></div>')
  Object.assign(globalThis, { window, document: window.document })
  globalThis.navigator ??= window.navigator
  const { createElement, useEffect } = await import('react')
  const { createRoot } = await import('react-dom/client')
  const { MotiaStreamProvider, useStreamEventHandler, useStreamGroup, useStreamItem } = await import(
    '@motiadev/stream-client-react'
  )

  function View() {
    const { data: items, event } = useStreamGroup({ streamName: 'todos', groupId: 'home' })
    const { data: item } = useStreamItem({ streamName: 'todos', groupId: 'home', id: '1' })
    const { event: secret } = useStreamGroup({ streamName: 'todos', groupId: 'secret' })
    useStreamEventHandler({ event, type: 'bell', listener: (data) => say('bell', data) }, [])
    useStreamEventHandler({ event: secret, type: 'error', listener: (data) => say('refused', data) }, [])
    useEffect(() => say('group', items), [items])
    useEffect(() => say('item', item), [item])
    return null
  }
  const root = createRoot(document.getElementById('root'))
  root.render(createElement(MotiaStreamProvider, { address: url }, createElement(View)))
}
