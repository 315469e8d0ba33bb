/** Moves the focus among the rows of a list with j and k. */

import { type RefObject, useEffect, useRef } from 'react'
import { isTyping } from '~/app/keys'

export function useRowKeys(
  scroll: RefObject<HTMLElement | null>,
  count: number,
  scrollTo: (at: number) => void,
): void {
  const state = useRef({ count, scrollTo })
  state.current = { count, scrollTo }

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
      if (step === 0 || isTyping(event) || event.metaKey || event.ctrlKey || event.altKey) return
      const { count, scrollTo } = state.current
      if (count === 0 || !scroll.current) return
      event.preventDefault()
      const focused = document.activeElement?.closest<HTMLElement>('[data-row]')
      const open = scroll.current
        .querySelector<HTMLElement>('[aria-current=true]')
        ?.closest<HTMLElement>('[data-row]')
      const from = focused ?? open
      const at = from ? Number(from.dataset.row) + step : step > 0 ? 0 : count - 1
      const to = Math.max(0, Math.min(count - 1, at))
      scrollTo(to)
      focusRow(scroll.current, to)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [scroll])
}

/** Focuses a row, which may only be drawn once it was scrolled to. */
function focusRow(within: HTMLElement, at: number, tries = 5): void {
  const row = within.querySelector<HTMLElement>(`[data-row="${at}"]`)
  if (row) (row.querySelector<HTMLElement>('a') ?? row).focus({ preventScroll: true })
  else if (tries > 0) requestAnimationFrame(() => focusRow(within, at, tries - 1))
}
