/** The Workbench is used without a mouse. */

import { expect, test } from './test'

test('the palette leads anywhere', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find anything' }).fill('jobproc')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/steps\/JobProcessor/)
})

test('j, k, Enter and Esc move through a list, / searches, ? helps, g goes', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/cron')
  await expect(page.getByRole('link', { name: 'CheckExecutors' })).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  await expect(page.getByRole('link', { name: 'CheckExecutors' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'Cron step CheckExecutors' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByRole('link', { name: 'CheckExecutors' })).toBeFocused()

  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.type('audit')
  await expect(page.getByRole('link', { name: 'CheckExecutors' })).toHaveCount(0)
  await page.keyboard.press('Escape')

  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('q')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Queues')
})
