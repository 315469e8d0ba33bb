import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import type { RunRecord } from '~/api/shapes'
import { useToasts } from '~/app/toasts'
import { Around } from '~/testing/Around'
import { ReplayRequest } from './ReplayRequest'

const run = {
  id: '7',
  step: 'Rooms',
  kind: 'api',
  input: {
    value: null,
    isWhole: true,
    request: 'GET /rooms',
    headers: { kept: [['x-tenant', '7']], leftOut: ['authorization', 'cookie'] },
  },
} as unknown as RunRecord

/** An app that answers so; the bodies that it was sent. */
function app(answer: object, status = 200) {
  const sent: unknown[] = []
  vi.stubGlobal('fetch', async (_: string, init?: RequestInit) => {
    if (init?.method === 'POST') sent.push(JSON.parse(String(init.body)))
    return new Response(JSON.stringify(answer), { status })
  })
  return sent
}

function Said() {
  return useToasts().map(({ id, text }) => <p key={id}>{text}</p>)
}

function dialog() {
  const onClose = vi.fn()
  render(
    <>
      <ReplayRequest run={run} onClose={onClose} />
      <Said />
    </>,
    { wrapper: Around },
  )
  return onClose
}

const replay = () => userEvent.click(screen.getByRole('button', { name: 'Replay' }))

test('what is sent and what is not kept is told before', () => {
  app({})
  dialog()
  expect(screen.getByText('x-tenant').nextSibling).toHaveTextContent('7')
  expect(screen.getByText(/may carry secrets: authorization, cookie/)).toBeInTheDocument()
})

test('what is filled in is sent, hidden while it is typed, and the rest is told to be left out', async () => {
  const sent = app({ event: null, status: 200, traceId: 't', headersLeftOut: ['cookie'] })
  const onClose = dialog()
  const field = screen.getByLabelText('Value of authorization')
  expect(field).toHaveAttribute('type', 'password')

  await userEvent.type(field, 'Bearer a')
  await replay()

  await waitFor(() => expect(onClose).toHaveBeenCalled())
  expect(sent).toEqual([{ by: 'the Workbench', headers: { authorization: 'Bearer a' } }])
  expect(await screen.findByText('Rooms answered 200, without cookie')).toBeInTheDocument()
})

test('a header that is added is shown no more as one that is sent as it was', async () => {
  app({})
  dialog()
  await userEvent.click(screen.getByRole('button', { name: 'Add a header' }))
  await userEvent.type(screen.getByLabelText('Name of header 3'), 'X-Tenant')
  await userEvent.type(screen.getByLabelText('Value of X-Tenant'), '8')
  expect(screen.queryByText('x-tenant')).not.toBeInTheDocument()
})

test('nothing filled in, nothing added', async () => {
  const sent = app({ event: null, status: 401, traceId: 't', headersLeftOut: ['authorization', 'cookie'] })
  dialog()
  await replay()
  expect(await screen.findByText('Rooms answered 401, without authorization and cookie')).toBeInTheDocument()
  expect(sent).toEqual([{ by: 'the Workbench' }])
})

test('what was typed stays where it was refused', async () => {
  app({ title: 'Bad Request', detail: '`a b` in `headers` is no header’s name' }, 400)
  const onClose = dialog()
  await userEvent.type(screen.getByLabelText('Value of cookie'), 'a=b')
  await replay()
  expect(await screen.findByText(/is no header’s name/)).toBeInTheDocument()
  expect(onClose).not.toHaveBeenCalled()
  expect(screen.getByLabelText('Value of cookie')).toHaveValue('a=b')
})
