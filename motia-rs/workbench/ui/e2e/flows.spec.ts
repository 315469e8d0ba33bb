/** A flow is looked at as a graph and as a list, and arranged by hand. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from './test'

/** Beside the code of the app, where whoever commits it finds it. */
const KEPT_IN = resolve('../../../motia-workbench.json')

test.describe('arranged by hand', () => {
  let before: string | undefined
  test.beforeAll(async () => {
    before = await readFile(KEPT_IN, 'utf8').catch(() => undefined)
    await rm(KEPT_IN, { force: true })
  })
  test.afterAll(() => (before === undefined ? rm(KEPT_IN, { force: true }) : writeFile(KEPT_IN, before)))

  test('a step that is dragged stays there when that is saved, for everybody who has the code', async ({
    workbench,
  }) => {
    const { page } = workbench
    await workbench.open('/flows/basic-tutorial')
    const step = page.locator('.react-flow__node[data-id=Notification]')
    const placed = () => step.evaluate((node) => (node as HTMLElement).style.transform)
    await expect(step).toBeVisible()
    await page.waitForTimeout(300)
    const before = await placed()

    const box = await step.boundingBox()
    if (!box) throw new Error('it is not drawn')
    await page.mouse.move(box.x + 20, box.y + box.height - 6)
    await page.mouse.down()
    await page.mouse.move(box.x - 60, box.y + 140, { steps: 8 })
    await page.mouse.up()
    const dragged = await placed()
    expect(dragged).not.toBe(before)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('The arrangement is saved beside the code')).toBeVisible()

    const [, x, y] = /translate\(([-\d.]+)px, ([-\d.]+)px\)/.exec(dragged) ?? []
    const [flow] = JSON.parse(await readFile(KEPT_IN, 'utf8'))
    const kept = flow.config['steps/petstore/notification.rs']
    expect([kept.x, kept.y].map(Math.round)).toEqual([Number(x), Number(y)].map(Math.round))
    await page.reload()
    await expect(step).toBeVisible()
    await expect.poll(placed).toBe(dragged)

    await page.getByRole('button', { name: 'Tidy up' }).click()
    await expect.poll(placed).toBe(before)
  })
})

test('a hand is shown the steps as a list, and the graph if it wants it', async ({ workbench }) => {
  const { page } = workbench
  await page.setViewportSize({ width: 390, height: 800 })
  await workbench.open('/flows/basic-tutorial')
  await page.getByRole('link', { name: /ProcessFoodOrder/ }).click()
  await expect(page.getByRole('dialog', { name: 'Step ProcessFoodOrder' })).toBeVisible()
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'As a graph' }).click()

  await expect(page.locator('.react-flow__node').first()).toBeVisible()
  await expect(page).toHaveURL(/view=graph/)
})
