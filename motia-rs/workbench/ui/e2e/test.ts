/** What every test has: the program, a page of its Workbench, and no word of complaint from the browser. */

import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type Page } from '@playwright/test'
import { App } from './app'

export class Workbench {
  constructor(
    readonly page: Page,
    readonly app: App,
  ) {}

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.app.url}/__motia${path}`)
    await expect(this.page.getByRole('heading', { level: 1 })).toBeVisible()
  }

  /** Nothing that keeps people out, of what can be found by a machine. */
  async isAccessible(): Promise<void> {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
    await this.passes(new AxeBuilder({ page: this.page }).withTags(tags))
  }

  /** The colours alone. */
  async isLegible(): Promise<void> {
    await this.passes(new AxeBuilder({ page: this.page }).withRules(['color-contrast']))
  }

  private async passes(rules: AxeBuilder): Promise<void> {
    // A colour that is on its way to another one is neither.
    await this.page.evaluate(async () => {
      const changes = document.getAnimations().filter((each) => each instanceof CSSTransition)
      await Promise.allSettled(changes.map(({ finished }) => finished))
    })
    const { violations } = await rules.analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    const told = serious.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n    ')}`,
    )
    expect(told).toEqual([])
  }
}

export const test = base.extend<{ workbench: Workbench }, { app: App }>({
  app: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from here
    async ({}, use) => {
      const app = await App.start()
      await use(app)
      await app.stop()
    },
    { scope: 'worker' },
  ],
  workbench: async ({ page, app }, use) => {
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      const isRefusal = /status of (4\d\d|503)/.test(message.text())
      if (message.type() === 'error' && !isRefusal) complaints.push(message.text())
    })
    await use(new Workbench(page, app))
    expect(complaints).toEqual([])
  },
})

export { expect }
