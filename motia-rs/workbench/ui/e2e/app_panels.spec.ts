/** Pages that apps bring along: the dashboard of the task queue, and the one of `examples/panel`. */

import { App, example } from './app'
import { expect, test, Workbench } from './test'

const EXAMPLE = example('panel')

test('the task queue is counted, filtered, looked into and cleaned up', async ({ workbench }) => {
  const { page, app } = workbench
  await summarize(app, 'A text.')
  await extract(app, '%PDF-1.4 and nothing that belongs to it')
  await workbench.open('/panel/task-queue')
  const panel = page.frameLocator('iframe')

  const tasks = panel.getByRole('table').getByRole('row')
  await expect(panel.getByRole('status')).toHaveText('Live')
  await expect(tasks.filter({ hasText: 'COMPLETED' })).toHaveCount(1)
  await expect(tasks.filter({ hasText: 'PdfUnreadable' })).toHaveCount(1)

  await panel.getByRole('combobox', { name: 'Type' }).selectOption('pdfxtract')
  await expect(tasks.filter({ hasText: 'COMPLETED' })).toHaveCount(0)
  await tasks.filter({ hasText: 'PdfUnreadable' }).getByRole('button').click()
  const detail = panel.getByRole('dialog')
  await expect(detail.getByRole('table')).toContainText('PdfUnreadable')
  await expect(detail.getByRole('list')).toContainText('ACTIVE')
  await detail.getByRole('button', { name: 'Close' }).click()

  await panel.getByRole('button', { name: 'Delete the 1 tasks listed' }).click()
  await panel.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(panel.getByText('No task is like that.')).toBeVisible()
  await panel.getByRole('button', { name: 'Clear' }).click()
  await expect(tasks.filter({ hasText: 'COMPLETED' })).toHaveCount(1)
  await workbench.isAccessible()
})

test('the page of an app is found in the navigation, and follows what changes', async ({ page }) => {
  const app = await App.start(EXAMPLE, {})
  try {
    const workbench = new Workbench(page, app)
    await workbench.open('/')
    await page.getByRole('link', { name: 'Greetings' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Greetings')
    const names = page.frameLocator('iframe').getByRole('listitem')
    await expect(names).toHaveCount(0)

    await fetch(`${app.url}/hello/Ada`)
    await expect(names).toHaveText(['Ada: 1'])
    await fetch(`${app.url}/hello/Ada`)
    await expect(names).toHaveText(['Ada: 2'])
    await workbench.isAccessible()
  } finally {
    await app.stop()
  }
})

async function summarize(app: App, content: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ content })
  const answer = await fetch(`${app.url}/api/v1/tasks/summarize/`, { method: 'POST', headers, body })
  expect(answer.ok).toBe(true)
}

async function extract(app: App, text: string): Promise<void> {
  const body = new FormData()
  body.set('file', new File([text], 'news.pdf', { type: 'application/pdf' }))
  body.set('issue_date', '2026-01-31')
  const answer = await fetch(`${app.url}/api/v1/tasks/pdfxtract`, { method: 'POST', body })
  expect(answer.ok, await answer.text()).toBe(true)
}
