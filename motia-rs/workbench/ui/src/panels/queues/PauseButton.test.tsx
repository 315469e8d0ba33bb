import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import type { QueueInfo } from '~/api/shapes'
import { Around } from '~/testing/Around'
import { PauseButton } from './PauseButton'

const queue: QueueInfo = {
  queue: 'Pay',
  waiting: 0,
  delayed: 0,
  held: 0,
  dead: 0,
  running: 0,
  orphaned: false,
  paused: null,
}

/** An app in which somebody has this role; what was asked of it. */
function app(role: string) {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (place: string, init?: RequestInit) => {
    asked.push(`${init?.method} ${place}`)
    return new Response(JSON.stringify({ role }))
  })
  return asked
}

test('a queue is paused', async () => {
  const asked = app('operate')
  render(<PauseButton queue={queue} />, { wrapper: Around })
  await userEvent.click(screen.getByRole('button', { name: 'Pause' }))
  await waitFor(() => expect(asked).toContain('POST /__motia/api/queues/Pay/pause'))
})

test('who may only look pauses nothing, and is told why', async () => {
  const asked = app('read')
  render(<PauseButton queue={queue} />, { wrapper: Around })
  const button = screen.getByRole('button', { name: 'Pause' })
  await waitFor(() => expect(button).toHaveAttribute('aria-disabled', 'true'))

  await userEvent.click(button)
  await userEvent.hover(button)

  expect(await screen.findByRole('tooltip')).toHaveTextContent('You may look, not change')
  expect(asked.filter((each) => each.startsWith('POST'))).toEqual([])
})

test('a queue whose step is gone cannot be paused', () => {
  app('operate')
  render(<PauseButton queue={{ ...queue, orphaned: true }} />, { wrapper: Around })
  expect(screen.getByRole('button', { name: 'Pause' })).toHaveAttribute('aria-disabled', 'true')
})
