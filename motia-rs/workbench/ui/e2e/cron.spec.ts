/** A cron step is run now, whatever the clock says. */

import { expect, test } from './test'

test('a cron step runs now, and its run is shown', async ({ workbench }) => {
  const { page } = workbench
  await workbench.open('/cron')

  await page.getByRole('button', { name: 'Run StateAuditJob now' }).click()

  await page.getByRole('link', { name: 'Show' }).click()
  await expect(page.getByRole('button', { name: /^StateAuditJob, ok/ })).toBeVisible()
})
