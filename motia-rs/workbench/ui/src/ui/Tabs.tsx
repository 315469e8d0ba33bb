/** Several sheets in one place; which one is shown is up to the caller, who keeps it in the address. */

import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export type Tab = { key: string; title: ReactNode; body: () => ReactNode }

type Props = { label: string; tabs: Tab[]; shown: string; onShow: (key: string) => void }

export function Tabs({ label, tabs, shown, onShow }: Props) {
  const current = tabs.some((tab) => tab.key === shown) ? shown : (tabs[0]?.key ?? '')
  return (
    <Radix.Root value={current} onValueChange={onShow} className="flex h-full min-h-0 flex-col">
      <Radix.List
        aria-label={label}
        className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-3"
      >
        {tabs.map(({ key, title }) => (
          <Radix.Trigger
            key={key}
            value={key}
            className="-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent px-2 whitespace-nowrap text-soft -outline-offset-2 hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {title}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map(({ key, body }) => (
        <Radix.Content key={key} value={key} className="min-h-0 flex-1 -outline-offset-2">
          {key === current && body()}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
