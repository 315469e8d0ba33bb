/** Requests are sent again with what let them in: `examples/middleware`, which asks for a key. */

import { App, example } from './app'
import { isSettled } from './quality'
import { expect, test, Workbench } from './test'

const KEY = 'sesame'

test('a request is sent again with the key that it was let in with, which is kept nowhere', async ({
  page,
}) => {
  const app = await App.start(example('middleware'), {})
  try {
    const headers = { 'x-api-key': KEY, 'x-tenant': '7' }
    expect((await fetch(`${app.url}/secret`, { headers })).status).toBe(200)
    const workbench = new Workbench(page, app)
    await workbench.open('/runs?step=Secret')
    const runs = page.getByRole('table', { name: 'Runs' })
    await runs.getByRole('link', { name: /Secret/ }).click()
    const replay = page.getByRole('button', { name: 'Replay', exact: true })
    const dialog = page.getByRole('dialog', { name: 'Replay the request?' })

    await replay.click()
    await expect(dialog).toContainText('x-tenant')
    await expect(dialog).toContainText('may carry secrets: x-api-key')
    await workbench.isAccessible()
    await dialog.getByRole('button', { name: 'Replay' }).click()
    await expect(page.getByText('Secret answered 401, without x-api-key')).toBeVisible()

    await replay.click()
    await dialog.getByLabel('Value of x-api-key').fill(KEY)
    const sent = page.waitForRequest(/\/replay$/)
    await dialog.getByRole('button', { name: 'Replay' }).click()
    expect((await sent).postDataJSON()).toMatchObject({ headers: { 'x-api-key': KEY } })
    await expect(page.getByText('Secret answered 200', { exact: true })).toBeVisible()

    await isSettled(page)
    const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, location.href]))
    expect(kept).not.toContain(KEY)
  } finally {
    await app.stop()
  }
})
