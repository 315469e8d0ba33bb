import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { useToasts } from '~/app/toasts'
import { Around } from '~/testing/Around'
import { ReplayMany } from './ReplayMany'

/** An app with an API step and an event step; the bodies that it was sent. */
function app() {
  const sent: unknown[] = []
  const steps = [
    { name: 'Rooms', kind: 'api' },
    { name: 'Charge', kind: 'event' },
  ]
  vi.stubGlobal('fetch', async (place: string, init?: RequestInit) => {
    if (init?.method === 'POST') sent.push(JSON.parse(String(init.body)))
    const replayed = { replayed: 2, refused: [], headersLeftOut: ['cookie'] }
    const answer = place.includes('/steps') ? { items: steps, next: null } : replayed
    return new Response(JSON.stringify(answer))
  })
  return sent
}

function Said() {
  return useToasts().map(({ id, text }) => <p key={id}>{text}</p>)
}

async function asked(step: string) {
  render(
    <>
      <ReplayMany filter={{ step }} />
      <Said />
    </>,
    { wrapper: Around },
  )
  await userEvent.click(screen.getByRole('button', { name: 'Replay these' }))
}

test('requests are given headers, once', async () => {
  const sent = app()
  await asked('Rooms')
  await userEvent.click(await screen.findByRole('button', { name: 'Add a header' }))
  await userEvent.type(screen.getByLabelText('Name of header 1'), 'authorization')
  await userEvent.type(screen.getByLabelText('Value of authorization'), 'Bearer a')

  await userEvent.click(screen.getByRole('button', { name: 'Replay' }))

  expect(await screen.findByText('2 runs sent again, without cookie')).toBeInTheDocument()
  const headers = { authorization: 'Bearer a' }
  expect(sent).toEqual([{ step: 'Rooms', limit: 1000, by: 'the Workbench', headers }])
  await userEvent.click(screen.getByRole('button', { name: 'Replay these' }))
  expect(screen.queryByLabelText('Value of authorization')).not.toBeInTheDocument()
})

test('events have no headers', async () => {
  const sent = app()
  await asked('Charge')
  expect(screen.queryByRole('button', { name: 'Add a header' })).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Replay' }))
  expect(sent).toEqual([{ step: 'Charge', limit: 1000, by: 'the Workbench' }])
})
