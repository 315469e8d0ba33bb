import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { Around } from '~/testing/Around'
import { JsonView } from './JsonView'

test('markup in a payload is text', () => {
  render(<JsonView label="Payload" value={{ html: '<img src=x onerror=alert(1)>' }} />, { wrapper: Around })
  expect(document.querySelector('img')).toBeNull()
  expect(screen.getByText(/<img src=x/)).toBeInTheDocument()
})

test('a direction mark in a payload is shown as an escape', () => {
  render(<JsonView label="Payload" value={'a\u202eb'} />, { wrapper: Around })
  expect(screen.getByText('"a\\u{202e}b"')).toBeInTheDocument()
})

test('what is deep is folded until it is asked for', async () => {
  render(<JsonView label="Payload" value={{ a: { b: { c: 1 } }, long: 'x'.repeat(2000) }} />, {
    wrapper: Around,
  })
  expect(screen.queryByText('"c"')).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: /"b"/ }))
  expect(screen.getByText('1')).toBeInTheDocument()
})

test('a long list is shown in parts', async () => {
  const value = Array.from({ length: 45 }, (_, at) => `item ${at}`)
  render(<JsonView label="Payload" value={value} />, { wrapper: Around })
  expect(screen.getByText('"item 44"')).toBeInTheDocument()
})
