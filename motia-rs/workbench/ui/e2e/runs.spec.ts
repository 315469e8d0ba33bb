/** Runs are found and sent again. */

import { expect, test } from './test'

test('a failed run is found, and sent again', async ({ workbench }) => {
  const { page, app } = workbench
  await app.giveUp()
  await workbench.open('/runs?outcome=failed&step=SendAIWebhook')
  await page
    .getByRole('table', { name: 'Runs' })
    .getByRole('link', { name: /SendAIWebhook/ })
    .first()
    .click()
  await expect(page.getByRole('group', { name: 'Error' })).toContainText('leads to a private address')

  await page.getByRole('button', { name: 'Replay' }).click()

  await expect(page.getByText('SendAIWebhook handles its event once more')).toBeVisible()
  await expect(page.getByRole('button', { name: /^SendAIWebhook, failed/ })).toHaveCount(2)
  await page.getByRole('button', { name: 'As test' }).click()
  await expect(page.getByRole('dialog')).toContainText('#[tokio::test]')
})

test('many failed runs are sent again, and told as replays', async ({ workbench }) => {
  const { page, app } = workbench
  await app.api('/dead/purge?all=true', {})
  for (let n = 0; n < 3; n++) await app.giveUp()
  await expect.poll(async () => (await app.api<{ total: number }>('/dead')).total).toBe(3)
  await workbench.open('/runs?outcome=failed&step=SendAIWebhook')
  const replays = page.getByRole('table', { name: 'Runs' }).getByText('replay', { exact: true })
  const before = await replays.count()

  await page.getByRole('button', { name: 'Replay these' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()

  await expect(page.getByText(/^\d+ runs sent again$/)).toBeVisible()
  await expect.poll(() => replays.count()).toBeGreaterThanOrEqual(before + 3)
})

test('a replay stands beside what it repeats, with the time between them left out', async ({ workbench }) => {
  const { page, app } = workbench
  await app.giveUp()
  await workbench.open('/runs?outcome=failed&step=SendAIWebhook')
  await page
    .getByRole('table', { name: 'Runs' })
    .getByRole('link', { name: /SendAIWebhook/ })
    .first()
    .click()
  await page.waitForTimeout(1000)
  await page.getByRole('button', { name: 'Replay' }).click()
  await expect(page.getByRole('button', { name: /^SendAIWebhook, failed/ })).toHaveCount(2)

  await expect(page.getByTitle(/^Nothing ran for/)).toHaveCount(1)
})

test('new runs appear without a reload', async ({ workbench }) => {
  const { page, app } = workbench
  await workbench.open('/runs?step=HelloAPI')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Runs')
  const before = await page.getByRole('row').count()

  await fetch(`${app.url}/hello`)

  await expect.poll(() => page.getByRole('row').count()).toBeGreaterThan(before)
})
