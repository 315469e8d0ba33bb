/** Light or dark: as the system has it, unless somebody said otherwise here. */

import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEPT = 'workbench.theme'
const told = new Set<() => void>()
let theme: Theme = kept()

function kept(): Theme {
  const value = localStorage.getItem(KEPT)
  return value === 'light' || value === 'dark' ? value : 'system'
}

function show(): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

/** Before the first paint. */
export function startTheme(): void {
  show()
}

export function setTheme(next: Theme): void {
  theme = next
  if (next === 'system') localStorage.removeItem(KEPT)
  else localStorage.setItem(KEPT, next)
  show()
  for (const each of told) each()
}

/** The one after this. */
export function turnTheme(): void {
  setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system')
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (tell) => {
      told.add(tell)
      return () => told.delete(tell)
    },
    () => theme,
  )
}
