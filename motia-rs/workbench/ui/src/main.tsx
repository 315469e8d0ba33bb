/** Starts the Workbench. */

import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { Tooltip } from 'radix-ui'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Gate } from './app/Gate'
import { changes, client } from './app/live'
import { startTheme } from './app/theme'
import { router } from './routes'
import './styles.css'

startTheme()
changes.start()

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Tooltip.Provider delayDuration={400}>
          <Gate>
            <RouterProvider router={router} />
          </Gate>
        </Tooltip.Provider>
      </QueryClientProvider>
    </StrictMode>,
  )
}
