/** The keys of the Workbench. */

/** Whether a key is meant for what is typed in. */
export function isTyping(event: KeyboardEvent): boolean {
  const [deepest] = event.composedPath()
  if (!(deepest instanceof HTMLElement)) return false
  const isField = /^(INPUT|TEXTAREA|SELECT)$/.test(deepest.tagName) || deepest.isContentEditable
  return isField || deepest.closest('[role=menu],[data-palette]') !== null
}

/** Every key, for the page that shows them. */
export const KEYS: { keys: string[]; does: string }[] = [
  { keys: ['Ctrl K', '⌘ K'], does: 'Find anything: panels, steps, flows, endpoints, actions' },
  { keys: ['/'], does: 'Search what is shown' },
  { keys: ['j', 'k'], does: 'Next and previous row' },
  { keys: ['Enter'], does: 'Open the row' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['g', 'then a letter'], does: 'Go to a panel; the letter is shown in the palette' },
  { keys: ['t'], does: 'Light, dark, or as the system' },
  { keys: ['?'], does: 'Show these keys' },
]
