/** State is added, edited while it has the version that was seen, and deleted. */

import { expect, test } from './test'

test('an entry is added, edited and deleted, and one that changed meanwhile is not written over', async ({
  workbench,
}) => {
  const { page, app } = workbench
  await workbench.open('/state')
  await page.getByRole('button', { name: 'Add an entry' }).click()
  await page.getByLabel('Group', { exact: true }).fill('settings')
  await page.getByLabel('Key', { exact: true }).fill('colour')
  await write(page, '{"name":"blue"}')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  const sheet = page.getByRole('dialog', { name: 'Entry colour' })
  await expect(sheet).toBeVisible()
  const version = await sheet.getByTestId('version').textContent()

  await write(page, '{"name":"red"}')
  await sheet.getByRole('button', { name: 'Save' }).click()
  await expect(sheet.getByTestId('version')).not.toHaveText(version ?? '')

  await write(page, '{"name":"green"}')
  const elsewhere = await fetch(`${app.url}/__motia/api/state/settings/colour`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"black"}',
  })
  expect(elsewhere.ok).toBe(true)
  await expect(sheet.getByText(/Somebody wrote version/)).toBeVisible()
  await sheet.getByRole('button', { name: 'Show the new one' }).click()
  await expect(sheet.getByRole('textbox', { name: 'Value' })).toContainText('black')

  await sheet.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete it' }).click()
  await expect(sheet).toHaveCount(0)
  await expect(page.getByText('The group is empty')).toBeVisible()
})

/** Puts a text into the editor, in the place of what is there. */
async function write(page: import('@playwright/test').Page, text: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: /^(Value|Payload)$/ })
  await editor.click()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.press('Delete')
  await page.keyboard.insertText(text)
}
