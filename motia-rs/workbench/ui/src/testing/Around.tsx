/** What stands around every component of the Workbench, for tests. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router'
import { Tooltip } from 'radix-ui'
import { type ReactNode, useState } from 'react'

export function Around({ children }: { children: ReactNode }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: false } } }))
  const [router] = useState(() =>
    createRouter({ routeTree: createRootRoute(), history: createMemoryHistory({ initialEntries: ['/'] }) }),
  )
  return (
    <QueryClientProvider client={client}>
      <Tooltip.Provider>
        <RouterContextProvider router={router as never}>{children}</RouterContextProvider>
      </Tooltip.Provider>
    </QueryClientProvider>
  )
}
