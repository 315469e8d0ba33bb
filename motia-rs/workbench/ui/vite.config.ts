/** How the bundle is made: split by panel, and the same bytes each time. */

import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** What several panels share is one file, and not sixty. */
function chunkOf(id: string): string | undefined {
  if (
    /\/src\/(ui|lists|text)\/|\/lucide-react\/|\/@tanstack\/react-virtual\/|\/@tanstack\/virtual-core\//.test(
      id,
    )
  ) {
    return 'kit'
  }
  return undefined
}

const app = process.env.MOTIA_APP ?? 'http://127.0.0.1:3000'
const served = /^\/__motia\/(api|streams|session|panels)(\/|$|\?)/

export default defineConfig({
  base: '/__motia/',
  plugins: [react(), tailwind()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    rollupOptions: { output: { manualChunks: chunkOf } },
  },
  server: {
    // `npm run dev` shows the sources over a running app; all that is not the Workbench is the app's.
    proxy: {
      '^/(?!__motia/)': app,
      [served.source]: { target: app, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    unstubGlobals: true,
  },
})
