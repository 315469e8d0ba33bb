/** A thousand steps, 100,000 runs and as many entries, thousands of events: `examples/large`. */

import { App, example } from './app'
import { isSettled, Quality } from './quality'
import { test as base, expect, type Workbench } from './test'

const BINARY = example('large')

/** All of its past is kept. */
const ALL = { MOTIA_RUNS_COUNT: '200000', MOTIA_RUNS_BYTES: '1GiB' }

/** No page has more elements than this, and none asks for more to be shown first. */
const [ELEMENTS, REQUESTS] = [3500, 12]

const test = base.extend<{ workbench: Workbench }, { app: App }>({
  app: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from here
    async ({}, use) => {
      const app = await App.start(BINARY, ALL)
      const given = async () => (await app.api<{ total: number }>('/dead?limit=1')).total
      await expect.poll(given, { timeout: 60_000 }).toBe(3000)
      await use(app)
      await app.stop()
    },
    { scope: 'worker', timeout: 200_000 },
  ],
})

const PANELS = [
  '/',
  '/flows',
  '/flows/warehouse?view=list',
  '/flows/warehouse',
  '/endpoints/Place003',
  '/runs',
  '/logs',
  '/metrics',
  '/queues',
  '/queues/Check000',
  '/dead',
  '/cron',
  '/state/orders',
]

for (const panel of PANELS) {
  test(`${panel} of a large app is drawn in part, asks for little, and answers`, async ({ workbench }) => {
    const { page } = workbench
    const quality = await Quality.of(page)

    await workbench.open(panel)
    await isSettled(page)

    await quality.isGood()
    expect(quality.requests().length).toBeLessThanOrEqual(REQUESTS)
    expect(await page.locator('*').count()).toBeLessThan(ELEMENTS)
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  })
}

test('the runs are scrolled through for pages, and few rows are there at a time', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/runs')
  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row')
  await rows.nth(1).hover()
  const scrolled = async (by: number) => {
    await page.mouse.wheel(0, by)
    return Number(await rows.last().getAttribute('aria-rowindex'))
  }

  // Each turn of the wheel has one more page read, of the twenty that are needed.
  await expect.poll(() => scrolled(20_000), { timeout: 40_000, intervals: [100] }).toBeGreaterThan(2000)

  expect(await rows.count()).toBeLessThan(100)
  await expect.poll(() => scrolled(-1_000_000)).toBeLessThan(100)
  await expect(rows.nth(1)).toHaveAttribute('aria-rowindex', '2')
})

test('one run among all is found by its text, and its trace is shown', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/runs')
  await page.getByRole('searchbox', { name: 'Find in runs' }).fill('order number 33320')

  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row')
  await expect(rows).toHaveCount(4)
  await rows.nth(1).getByRole('link').first().click()
  await expect(page.getByRole('group', { name: 'Error' })).toContainText(
    'there is no box for order number 33320',
  )
  await expect(page.getByRole('button', { name: /^Place070, ok/ })).toBeVisible()
})

test('a request that is sent now is on top of all that was before', async ({ workbench }) => {
  const { page, app } = workbench
  await workbench.open('/runs')
  await isSettled(page)

  const order = { customer: 'ana', pieces: 1 }
  const headers = { 'content-type': 'application/json' }
  await fetch(`${app.url}/orders/001`, { method: 'POST', headers, body: JSON.stringify(order) })

  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row')
  await expect(rows.filter({ hasText: 'Place001' }).filter({ hasText: 'now' })).toHaveCount(1)
})

test('a step among a thousand is found in the list, and then shown in the graph', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/flows/warehouse?view=list')
  await page.getByRole('searchbox', { name: 'Find a step' }).fill('pack222')
  await page.getByRole('link', { name: /Pack222/ }).click()
  await expect(page.getByRole('dialog', { name: 'Step Pack222' })).toBeVisible()
  await page.getByRole('button', { name: 'In the graph' }).click()

  await expect(page.locator('.react-flow__node[data-id=Pack222]')).toBeInViewport()
  expect(await page.locator('.react-flow__node').count()).toBeLessThan(200)
})

test('a key far down in a group is searched for by the app, which says how far it looked', async ({
  workbench,
}) => {
  const { page } = workbench
  await workbench.open('/state/orders')
  await page.getByRole('searchbox', { name: 'Find a key' }).fill('-099')

  await expect(page.getByText(/of 100,000 keys searched/)).toBeVisible()
  await page.getByRole('button', { name: 'Search on' }).click()

  await page.getByRole('link', { name: 'order-099000' }).click()
  await expect(page.getByRole('dialog', { name: 'Entry order-099000' })).toContainText('customer-19000')
})

test('of thousands of dead letters those of a step are listed and counted', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/dead')
  await expect(page.getByTestId('dead-total')).toHaveText('3,000 dead letters')

  await page.getByRole('combobox', { name: 'Step' }).selectOption('Check007')

  await expect(page.getByTestId('dead-total')).toHaveText('12 dead letters')
  await expect(page.getByRole('table', { name: 'Dead letters' }).getByRole('row')).toHaveCount(13)
})

test('the palette finds a step among a thousand', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/queues')
  await isSettled(page)
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find anything' }).fill('pack249')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/steps\/Pack249/)
})
