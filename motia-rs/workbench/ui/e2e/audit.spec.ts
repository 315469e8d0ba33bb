/** What somebody changes is noted, with who it was. */

import { expect, test } from './test'

test('a change is in the audit at once', async ({ workbench }) => {
  const { page, app } = workbench
  await workbench.open('/audit')

  await app.api('/queues/DataProcessor/pause', { by: 'ana' })
  await app.api('/queues/DataProcessor/resume', { by: 'ana' })

  await workbench.open('/audit')
  const rows = page.getByRole('table', { name: 'Audit' }).getByRole('row')
  await expect(rows.nth(1)).toContainText('DataProcessor')
  await expect(rows.nth(1)).toContainText('ana')
  await rows.nth(1).getByRole('link').click()
  await expect(page.getByRole('dialog')).toContainText('queue.resume')
})
