import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { Around } from '~/testing/Around'
import { Failures } from './Failures'

test('each failed attempt says what went wrong, how long it took, and of which kind it was', () => {
  const first = {
    attempt: 1,
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:00:01.5Z',
    error: 'the bank is closed',
    class: 'Unavailable',
  }
  const second = { ...first, attempt: 2, error: 'still closed' }
  render(
    <Around>
      <Failures of={[first, second]} />
    </Around>,
  )
  const lines = screen.getAllByRole('listitem')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toHaveTextContent('Attempt 1')
  expect(lines[0]).toHaveTextContent('took 1.5 s')
  expect(lines[0]).toHaveTextContent('Unavailable')
  expect(lines[1]).toHaveTextContent('still closed')
})
