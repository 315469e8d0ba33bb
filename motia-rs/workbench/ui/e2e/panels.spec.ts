/** Every panel is there, in the light and in the dark, on a desk and in a hand, for everybody. */

import { expect, test } from './test'

const PANELS = [
  '/',
  '/flows',
  '/flows/background-jobs',
  '/flows/background-jobs?step=JobProcessor',
  '/steps/ApiTrigger',
  '/endpoints',
  '/endpoints/ApiTrigger',
  '/runs',
  '/logs',
  '/watch',
  '/metrics',
  '/queues',
  '/queues/JobProcessor',
  '/dead',
  '/cron',
  '/cron?step=StateAuditJob',
  '/state',
  '/state/greetings',
  '/audit',
  '/panel/task-queue',
]

test.beforeAll(async ({ app }) => {
  await fetch(`${app.url}/hello`)
  await app.giveUp()
})

for (const panel of PANELS) {
  test(`${panel} keeps nobody out`, async ({ workbench }) => {
    await workbench.open(panel)
    await workbench.page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {})
    await workbench.isAccessible()
    await workbench.page.emulateMedia({ colorScheme: 'dark' })
    await workbench.isAccessible()
  })
}

for (const width of [1280, 390]) {
  test(`every panel fits on ${width} pixels in the dark`, async ({ workbench }, info) => {
    test.setTimeout(180_000)
    const { page } = workbench
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width, height: 800 })
    for (const panel of PANELS) {
      await workbench.open(panel)
      await page.waitForTimeout(400)
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(over, `${panel} is too wide`).toBeLessThanOrEqual(0)
      const name = `${panel.replace(/\W+/g, '-').replace(/^-/, '') || 'overview'}-${width}.png`
      await page.screenshot({ path: info.outputPath(name) })
    }
  })
}
