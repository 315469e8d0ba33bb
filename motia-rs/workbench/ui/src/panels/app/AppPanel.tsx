/** A panel that the app itself brings, in a frame of its own. */

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { app } from '~/api/queries'
import { Missing } from '~/app/Missing'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'

export default function AppPanel() {
  const { name = '' } = useParams({ strict: false }) as { name?: string }
  const query = useQuery(app())
  return (
    <Loaded of={query}>
      {({ panels = [] }) => {
        const panel = panels.find((each) => each.name === name)
        // A place of this app alone: an address of another page would be shown as if it were the app's.
        if (!panel || !isOwn(panel.href)) return <Missing />
        return (
          <Page title={panel.title} about="A panel of this app">
            <iframe title={panel.title} src={panel.href} className="h-full w-full border-0 bg-surface" />
          </Page>
        )
      }}
    </Loaded>
  )
}

/** Whether an address lies in this app. */
export function isOwn(href: string): boolean {
  try {
    return new URL(href, location.origin).origin === location.origin
  } catch {
    return false
  }
}
