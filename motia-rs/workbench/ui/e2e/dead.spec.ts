/** What is given up is counted, listed, sent again and removed. */

import { expect, test } from './test'

test.beforeEach(async ({ app }) => {
  await app.api('/dead/purge?all=true', {})
})

test('the badge and the list tell the same number, and change together', async ({ workbench }) => {
  const { page, app } = workbench
  await workbench.open('/dead')

  await app.giveUp()
  await app.giveUp()

  await expect(page.getByTestId('dead-total')).toHaveText('2 dead letters')
  await expect(page.getByTestId('dead-badge')).toHaveText('2')
  await expect(page.getByRole('table', { name: 'Dead letters' }).getByRole('row')).toHaveCount(3)
})

test('a letter is looked at and sent again, and one is removed only when that is confirmed', async ({
  workbench,
}) => {
  const { page, app } = workbench
  await app.giveUp()
  await app.giveUp()
  await workbench.open('/dead')
  const rows = page.getByRole('table', { name: 'Dead letters' }).getByRole('link')
  await rows.first().click()
  const sheet = page.getByRole('dialog')
  await expect(sheet).toContainText('leads to a private address')

  const redriven = page.waitForResponse((answer) => answer.url().endsWith('/redrive'))
  await sheet.getByRole('button', { name: 'Redrive' }).click()
  expect((await redriven).status()).toBe(200)
  await expect(page.getByText(/waits again/)).toBeVisible()

  // It fails again at once: both are there, and the badge says so.
  await expect(page.getByTestId('dead-badge')).toHaveText('2')
  await page.getByRole('button', { name: 'Purge all' }).click()
  await page.getByRole('button', { name: 'Leave it' }).click()
  await expect(page.getByTestId('dead-badge')).toHaveText('2')
  await page.getByRole('button', { name: 'Purge all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Purge all' }).click()
  await expect(page.getByText('Nothing was given up')).toBeVisible()
  await expect(page.getByTestId('dead-badge')).toHaveCount(0)
})
