/** A stream is watched while it changes. */

import { expect, test } from './test'

type Named = { name: string }
type Group = { group: string }

test('a group of a stream shows each change as it is made', async ({ workbench }) => {
  const { page, app } = workbench
  const job = await start(app.url)
  const place = await found(app, job)
  await workbench.open(`/watch/${place.stream}/${encodeURIComponent(place.group)}`)
  await expect(page.getByText('watching', { exact: true })).toBeVisible()

  await start(app.url)
  await start(app.url)

  const changes = page.getByRole('region', { name: 'Changes' })
  await expect(changes.getByText(/create|update/).first()).toBeVisible()
  await expect(page.getByRole('article').first()).toBeVisible()
})

/** A job that tells of itself in a stream. */
async function start(url: string): Promise<string> {
  const answer = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'report_generation', payload: {} }),
  })
  const { jobId } = (await answer.json()) as { jobId: string }
  return jobId
}

/** The stream and group that have something in them. */
async function found(app: import('./app').App, _job: string): Promise<{ stream: string; group: string }> {
  for (let tries = 0; tries < 50; tries++) {
    const { items } = await app.api<{ items: Named[] }>('/streams')
    for (const { name } of items) {
      const groups = await app.api<{ items: Group[] }>(`/streams/${encodeURIComponent(name)}`)
      const [first] = groups.items
      if (first) return { stream: name, group: first.group }
    }
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error('no stream has a group')
}
