/** What makes a page pleasant, as far as a machine can tell: it stands still, fits, answers, and asks for little. */

import { type CDPSession, expect, type Page, type Request } from '@playwright/test'

/** Less than this may things move that nobody touched: 0.1 is good, and far more than is needed. */
const SHIFT = 0.05

/** So many seconds of a processor may a page take until it is drawn, however long it waits for them: three times the most. */
const WORK = 1.5

declare global {
  interface Window {
    moved: { by: number; what: string }[]
  }
}

export class Quality {
  private readonly failed: string[] = []
  private readonly asked: string[] = []

  private constructor(
    private readonly page: Page,
    private readonly devtools: CDPSession,
  ) {}

  /** Looks on from the next load of the page. */
  static async of(page: Page): Promise<Quality> {
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const quality = new Quality(page, devtools)
    await page.addInitScript(look)
    page.on('request', (request) => quality.note(request))
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? ''
      // The browser itself breaks off what it needs no longer.
      if (why !== 'net::ERR_ABORTED') quality.failed.push(`${request.url()}: ${why}`)
    })
    page.on('response', (answer) => {
      if (answer.status() >= 400) quality.failed.push(`${answer.url()}: ${answer.status()}`)
    })
    return quality
  }

  /** What was asked of the admin API since the last time it was asked for. */
  requests(): string[] {
    return this.asked.splice(0)
  }

  /** It stands still, fits, answers, and nothing that it asked for failed. */
  async isGood(): Promise<void> {
    const work = await this.work()
    const { moved, wide } = await this.page.evaluate(judge)
    const shift = moved.reduce((sum, { by }) => sum + by, 0)
    expect(shift, `moved: ${JSON.stringify(moved)}`).toBeLessThan(SHIFT)
    expect(work, 'seconds of work').toBeLessThan(WORK)
    expect(wide, 'too wide').toEqual([])
    expect(this.failed, 'failed requests').toEqual([])
  }

  /** Seconds that the page worked since it was loaded. */
  private async work(): Promise<number> {
    const { metrics } = await this.devtools.send('Performance.getMetrics')
    const all = metrics.find(({ name }) => name === 'TaskDuration')
    return all?.value ?? Number.NaN
  }

  private note(request: Request): void {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/__motia/api/')) this.asked.push(pathname.slice('/__motia/api'.length))
  }
}

/** Everything is read and drawn. */
export async function isSettled(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByText('Reading…')).toHaveCount(0)
  // What comes a moment later must not move anything either.
  await page.waitForTimeout(250)
}

/** Runs in the page, before anything of it. */
function look(): void {
  window.moved = []
  const observe = (type: string, take: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  observe('layout-shift', (entry) => {
    type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node?: Node }[] }
    const { value, hadRecentInput, sources } = entry as Shift
    const what = sources.map(({ node }) => (node?.textContent ?? '').slice(0, 40)).join(' | ')
    if (!hadRecentInput) window.moved.push({ by: value, what })
  })
}

/** Runs in the page: what moved, and what has to be scrolled sideways without being meant to. */
function judge() {
  const isMeantTo = 'pre, .cm-scroller, .react-flow, [role=tablist], input'
  const wide = [document.documentElement, ...document.querySelectorAll('body *')]
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
    .filter(
      (element) => element.tagName === 'HTML' || /auto|scroll/.test(getComputedStyle(element).overflowX),
    )
    .filter((element) => element.closest(isMeantTo) === null)
    .map((element) => `${element.tagName} ${element.getAttribute('aria-label') ?? element.className}`)
  return { moved: window.moved, wide }
}
