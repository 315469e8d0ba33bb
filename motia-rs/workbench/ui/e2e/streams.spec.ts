/** A stream is watched while it changes: the lists of `examples/streams.rs`. */

import { App, example } from './app'
import { test as base, expect, Workbench } from './test'

const BINARY = example('streams')

const test = base.extend<{ lists: App }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from here
  lists: async ({}, use) => {
    const app = await App.start(BINARY, {})
    await use(app)
    await app.stop()
  },
})

test('a group of a stream shows each change as it is made', async ({ page, lists }) => {
  await write(lists, 'POST', '/lists/home', { text: 'milk' })
  const workbench = new Workbench(page, lists)
  await workbench.open('/watch')
  await page.getByRole('link', { name: 'todos' }).click()
  await page.getByRole('link', { name: 'home' }).click()
  await expect(page.getByRole('article', { name: 'Item 1' })).toContainText('"milk"')

  await write(lists, 'POST', '/lists/home', { text: 'bread' })
  await write(lists, 'PUT', '/lists/home/1', { text: 'milk', done: true })
  await write(lists, 'POST', '/lists/home/bell')

  await expect(page.getByRole('article', { name: 'Item 2' })).toContainText('"bread"')
  await expect(page.getByRole('article', { name: 'Item 1' })).toContainText('true')
  const changes = page.getByRole('region', { name: 'Changes' }).getByRole('listitem')
  await expect(changes).toHaveText([/event.*bell/, /update.*1/, /create.*2/])
  await workbench.isAccessible()
})

test('a group that is shown to nobody is said to be', async ({ page, lists }) => {
  await write(lists, 'POST', '/lists/secret', { text: 'gold' })
  await new Workbench(page, lists).open('/watch/todos/secret')
  await expect(page.getByText('the app does not show it')).toBeVisible()
  await expect(page.getByText('gold')).toHaveCount(0)
})

async function write(app: App, method: string, path: string, body?: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) }
  const answer = await fetch(app.url + path, init)
  expect(answer.ok, `${method} ${path} ${answer.status}`).toBe(true)
}
