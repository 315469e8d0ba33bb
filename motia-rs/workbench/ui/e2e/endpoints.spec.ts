/** A request is sent from the Workbench, and followed to what it set going. */

import { expect, test } from './test'

test('a request is sent with its example and followed in its trace', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/endpoints/ApiTrigger')

  await page.getByRole('button', { name: 'Send' }).click()

  await expect(page.getByTestId('status')).toHaveText('200')
  await expect(page.getByRole('region', { name: 'Body of the answer' })).toContainText('traceId')
  await page.getByRole('link', { name: /^Trace/ }).click()
  await expect(page.getByRole('button', { name: /^ApiTrigger, ok/ })).toBeVisible()
  await expect(page.getByRole('button', { name: /^ProcessFoodOrder, ok/ })).toBeVisible()
  await page.getByRole('button', { name: /^Notification, ok/ }).click()
  await expect(page.getByRole('region', { name: 'Input' })).toContainText('new-order')
})

test('a body is written as a form, and sent as it says', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/endpoints/ApiTrigger')
  await page.getByRole('button', { name: 'Edit as a form' }).click()
  await page.getByLabel('name *').fill('Rex the form')
  await page.getByLabel('quantity *').fill('3')

  const asked = page.waitForRequest((request) => request.method() === 'POST')
  await page.getByRole('button', { name: 'Send' }).click()

  const { pet, foodOrder } = (await asked).postDataJSON()
  expect([pet.name, foodOrder.quantity]).toEqual(['Rex the form', 3])
  await expect(page.getByTestId('status')).toHaveText('200')
  await expect(page.getByRole('region', { name: 'Body of the answer' })).toContainText('Rex the form')
})

test('a request that breaks the schema is answered with what is wrong, and is there to be sent again', async ({
  workbench,
}) => {
  const { page } = workbench
  await workbench.open('/endpoints/ApiTrigger')
  await page.getByRole('button', { name: 'Edit as a form' }).click()
  await page.getByLabel('name *').fill('')

  await page.getByRole('button', { name: 'Send' }).click()

  await expect(page.getByTestId('status')).toHaveText('400')
  await expect(page.getByRole('region', { name: 'Body of the answer' })).toContainText('/pet/name')
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Sent before, from this browser' })).toBeVisible()
})
