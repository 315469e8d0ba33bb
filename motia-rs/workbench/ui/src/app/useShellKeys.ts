/** The keys that work everywhere. */

import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { isTyping } from './keys'
import { ALL_PANELS } from './nav'
import { turnTheme } from './theme'

/** How long a second key may take, in milliseconds. */
const PATIENCE = 1200

/** Before the page was there: its clock begins at 0, and its first second is not the one after a `g`. */
const NEVER = Number.NEGATIVE_INFINITY

type Actions = { find: () => void; showKeys: () => void }

export function useShellKeys(actions: Actions): void {
  const navigate = useNavigate()
  const latest = useRef(actions)
  latest.current = actions

  useEffect(() => {
    let goneAt = NEVER
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        latest.current.find()
        return
      }
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return

      if (event.timeStamp - goneAt < PATIENCE) {
        goneAt = NEVER
        const panel = ALL_PANELS.find((panel) => panel.key === event.key)
        if (panel) {
          event.preventDefault()
          void navigate({ to: panel.to, search: {} as never })
        }
      } else if (event.key === 'g') {
        goneAt = event.timeStamp
      } else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('[data-search]')
        if (!field) return
        event.preventDefault()
        field.focus()
        field.select()
      } else if (event.key === '?') {
        event.preventDefault()
        latest.current.showKeys()
      } else if (event.key === 't') {
        turnTheme()
      }
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [navigate])
}
