import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { Around } from '~/testing/Around'
import { SchemaField } from './SchemaField'

const schema = {
  type: 'object',
  required: ['pet'],
  properties: {
    pet: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    order: { type: 'object', properties: { quantity: { type: 'integer', minimum: 1 } } },
    express: { type: 'boolean' },
  },
}

function Form({ begin, told }: { begin: unknown; told: (value: unknown) => void }) {
  const [held, setHeld] = useState(begin)
  const change = (value: unknown) => {
    setHeld(value)
    told(value)
  }
  return <SchemaField schema={schema} root={schema} name="Body" value={held} onChange={change} isOutermost />
}

function form(begin: unknown) {
  let shown = begin
  const told = (value: unknown) => {
    shown = value
  }
  render(<Form begin={begin} told={told} />, { wrapper: Around })
  return () => shown
}

test('what is typed in the form is in the value', async () => {
  const value = form({ pet: { name: '' } })
  await userEvent.type(screen.getByLabelText('name *'), 'Rex')
  await userEvent.click(screen.getByLabelText('express'))
  expect(value()).toEqual({ pet: { name: 'Rex' }, express: true })
})

test('a part that may be left out is added with an example, and removed as a whole', async () => {
  const value = form({ pet: { name: 'Rex' } })
  await userEvent.click(screen.getByRole('button', { name: 'Add order' }))
  expect(value()).toEqual({ pet: { name: 'Rex' }, order: { quantity: 1 } })
  await userEvent.click(screen.getByRole('button', { name: 'Leave order out' }))
  expect(value()).toEqual({ pet: { name: 'Rex' } })
})
