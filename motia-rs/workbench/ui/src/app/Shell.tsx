/** The frame around every panel: the list of panels, the palette, the keys, the messages. */

import { Outlet, useRouterState } from '@tanstack/react-router'
import { Menu as Bars, Search } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { IconButton } from '~/ui/IconButton'
import { Loading } from '~/ui/Loading'
import { KeysHelp } from './KeysHelp'
import { Mark } from './Mark'
import { Sidebar } from './Sidebar'
import { Toaster } from './Toaster'
import { useShellKeys } from './useShellKeys'

const Palette = lazy(() => import('./palette/Palette'))

export function Shell() {
  const [isFinding, setFinding] = useState(false)
  const [isShowingKeys, setShowingKeys] = useState(false)
  const [isNavOpen, setNavOpen] = useState(false)
  const find = () => {
    setNavOpen(false)
    setFinding(true)
  }
  const showKeys = () => setShowingKeys(true)
  useShellKeys({ find, showKeys })

  const place = useRouterState({ select: (state) => state.location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the list
  useEffect(() => setNavOpen(false), [place])

  return (
    <div className="flex h-full max-md:flex-col">
      <a
        href="#main"
        className="absolute -top-20 left-2 z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:top-2"
      >
        To the panel
      </a>
      <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-3 md:hidden">
        <IconButton
          icon={Bars}
          label="Panels"
          aria-expanded={isNavOpen}
          onClick={() => setNavOpen(!isNavOpen)}
        />
        <Mark />
        <span className="flex-1 font-semibold">Workbench</span>
        <IconButton icon={Search} label="Find" onClick={find} />
      </div>
      {isNavOpen && (
        <button
          type="button"
          aria-label="Close the list of panels"
          className="fixed inset-0 z-30 bg-scrim md:hidden"
          onClick={() => setNavOpen(false)}
        />
      )}
      <div className={isNavOpen ? 'z-40 max-md:fixed max-md:inset-y-0 max-md:left-0' : 'max-md:hidden'}>
        <Sidebar onFind={find} onKeys={showKeys} onOpen={() => setNavOpen(false)} />
      </div>
      <main id="main" tabIndex={-1} className="min-h-0 min-w-0 flex-1 outline-none">
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      {isFinding && (
        <Suspense>
          <Palette onClose={() => setFinding(false)} onKeys={showKeys} />
        </Suspense>
      )}
      <KeysHelp isOpen={isShowingKeys} onClose={() => setShowingKeys(false)} />
      <Toaster />
    </div>
  )
}
