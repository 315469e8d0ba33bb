/** A queue is paused and resumed, and an event says why it waits. */

import { expect, test } from './test'

test('an event of a paused queue says why it waits, and is handled when the queue goes on', async ({
  workbench,
}) => {
  const { page, app } = workbench
  await workbench.open('/queues')
  await page.getByRole('button', { name: 'Pause ProcessGreeting' }).click()
  await expect(page.getByRole('button', { name: 'Resume ProcessGreeting' })).toBeVisible()

  expect((await fetch(`${app.url}/hello`)).status).toBe(200)

  await page.getByRole('link', { name: 'ProcessGreeting' }).click()
  await expect(page.getByText('Nothing of this queue starts now.')).toBeVisible()
  await page.getByRole('table', { name: 'What waits' }).getByRole('link').first().click()
  await expect(page.getByRole('list', { name: 'Reasons' })).toContainText('paused by the Workbench')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await page.getByRole('button', { name: 'Resume' }).click()
  await expect(page.getByText('Nothing waits')).toBeVisible()
})

test('what is wrong is told in the overview', async ({ workbench }) => {
  const { page, app } = workbench
  await app.api('/queues/Notification/pause', { by: 'ana' })
  await workbench.open('/')
  await expect(page.getByRole('link', { name: /Notification is paused By ana/ })).toBeVisible()

  await app.api('/queues/Notification/resume', { by: 'ana' })

  await expect(page.getByRole('link', { name: /Notification is paused/ })).toHaveCount(0)
})
