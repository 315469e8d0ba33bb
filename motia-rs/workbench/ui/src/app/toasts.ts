/** Short messages that go away by themselves. */

import { useSyncExternalStore } from 'react'

export type Toast = { id: number; tone: 'ok' | 'bad'; text: string; href?: string | undefined }

/** How long a message is shown, in milliseconds; a bad one longer. */
const SHOWN = { ok: 5000, bad: 10_000 }

let toasts: Toast[] = []
let last = 0
const told = new Set<() => void>()

function set(next: Toast[]): void {
  toasts = next
  for (const each of told) each()
}

/** Says something; `href` is where more of it can be seen. */
export function tell(tone: Toast['tone'], text: string, href?: string): void {
  last += 1
  const id = last
  set([...toasts.slice(-3), { id, tone, text, href }])
  setTimeout(() => dismiss(id), SHOWN[tone])
}

export function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id))
}

export function useToasts(): Toast[] {
  return useSyncExternalStore(
    (tell) => {
      told.add(tell)
      return () => told.delete(tell)
    },
    () => toasts,
  )
}
