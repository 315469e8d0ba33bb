/** Who may only look finds everything that changes something switched off, with the reason. */

import { App } from './app'
import { test as base, expect, Workbench } from './test'

const TOKENS = { MOTIA_TOKEN: 'operate-operate-operate', MOTIA_READ_TOKEN: 'look-look-look-look' }

const test = base.extend<{ guarded: App }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from here
  guarded: async ({}, use) => {
    const app = await App.start(undefined, TOKENS)
    await use(app)
    await app.stop()
  },
})

test('a reader looks at everything and changes nothing', async ({ page, guarded }) => {
  await page.goto(`${guarded.url}/__motia/#token=${TOKENS.MOTIA_READ_TOKEN}`)
  await expect(page.getByText('You may look, not change')).toBeVisible()

  const workbench = new Workbench(page, guarded)
  await workbench.open('/queues')
  const pause = page.getByRole('button', { name: 'Pause ProcessGreeting' })
  await expect(pause).toHaveAttribute('aria-disabled', 'true')
  await pause.focus()
  await expect(page.getByRole('tooltip')).toContainText('You may look, not change')
  await pause.click({ force: true })
  await expect(page.getByRole('button', { name: 'Resume ProcessGreeting' })).toHaveCount(0)

  await workbench.open('/cron')
  await expect(page.getByRole('button', { name: 'Run StateAuditJob now' })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  await workbench.open('/state')
  await expect(page.getByRole('button', { name: 'Add an entry' })).toHaveAttribute('aria-disabled', 'true')
})

test('who has no token is asked for it', async ({ page, guarded }) => {
  await page.goto(`${guarded.url}/__motia/`)
  await expect(page.getByRole('heading', { name: 'Workbench' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Queues' })).toHaveCount(0)
})
