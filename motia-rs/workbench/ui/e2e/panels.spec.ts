/** Every panel is there, in the light and in the dark, on a desk and in a hand, for everybody. */

import { isSettled, Quality } from './quality'
import { expect, test } from './test'

const PANELS = [
  '/',
  '/flows',
  '/flows/background-jobs',
  '/flows/background-jobs?step=JobProcessor',
  '/flows/background-jobs?view=list',
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
  test(`${panel} stands still, fits, and keeps nobody out`, async ({ workbench }, info) => {
    const { page } = workbench
    const quality = await Quality.of(page)
    const shoot = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) })

    await workbench.open(panel)
    await isSettled(page)
    await quality.isGood()
    await shoot('desk')
    await workbench.isAccessible()
    await page.emulateMedia({ colorScheme: 'dark' })
    await workbench.isLegible()

    await page.setViewportSize({ width: 390, height: 800 })
    await workbench.open(panel)
    await isSettled(page)
    await quality.isGood()
    await shoot('hand')
  })
}

test('the first page is there and answers within a moment', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/')
  await page.getByRole('link', { name: 'Queues', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Queues')

  const { loaded, bytes } = await page.evaluate(() => {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
    const files = entries.filter(({ name }) => name.includes('/assets/'))
    const [paint] = performance.getEntriesByName('first-contentful-paint')
    return {
      loaded: paint?.startTime ?? Number.POSITIVE_INFINITY,
      bytes: files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    }
  })
  expect(loaded, 'milliseconds until something is shown').toBeLessThan(3000)
  expect(bytes, 'bytes of all that was fetched').toBeLessThan(400_000)
})
