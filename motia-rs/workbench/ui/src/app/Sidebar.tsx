/** The name of the app, the panels, and what is always at hand. */

import { useQuery } from '@tanstack/react-query'
import { Keyboard, PanelsTopLeft, Search } from 'lucide-react'
import { app } from '~/api/queries'
import { IconButton } from '~/ui/IconButton'
import { Key } from '~/ui/Key'
import { Text } from '~/ui/Text'
import { DeadBadge } from './DeadBadge'
import { HearingMark } from './HearingMark'
import { Mark } from './Mark'
import { NavLink } from './NavLink'
import { PANELS } from './nav'
import { ThemeSwitch } from './ThemeSwitch'

type Props = { onFind: () => void; onKeys: () => void; onOpen: () => void }

export function Sidebar({ onFind, onKeys, onOpen }: Props) {
  const { data } = useQuery(app())
  const extra = data?.panels ?? []
  return (
    <nav aria-label="Panels" className="flex h-full w-56 flex-col border-r border-line bg-surface">
      <div className="flex h-13 shrink-0 items-center gap-2.5 px-4">
        <Mark />
        <div className="min-w-0">
          <Text of={data?.name ?? 'Workbench'} className="block text-base leading-tight font-semibold" />
        </div>
      </div>
      <div className="px-3 pb-1">
        <button
          type="button"
          onClick={onFind}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-sunken px-2 text-faint hover:border-edge"
        >
          <Search size={14} aria-hidden />
          <span className="flex-1 text-left">Find</span>
          <Key>Ctrl K</Key>
        </button>
      </div>
      <div className="min-h-0 flex-1 space-y-4 overflow-y-auto px-3 py-2">
        {PANELS.map(({ title, panels }) => (
          <div key={title} className="space-y-px">
            {title && <h2 className="px-2 pb-1 text-2xs font-semibold text-faint">{title}</h2>}
            {panels.map((panel) => (
              <NavLink
                key={panel.to}
                to={panel.to}
                title={panel.title}
                icon={panel.icon}
                onOpen={onOpen}
                badge={panel.to === '/dead' ? <DeadBadge /> : undefined}
              />
            ))}
          </div>
        ))}
        {extra.length > 0 && (
          <div className="space-y-px">
            <h2 className="px-2 pb-1 text-2xs font-semibold text-faint">Of this app</h2>
            {extra.map(({ name, title }) => (
              <NavLink
                key={name}
                to="/panel/$name"
                params={{ name }}
                title={title}
                icon={PanelsTopLeft}
                onOpen={onOpen}
              />
            ))}
          </div>
        )}
      </div>
      <div className="flex h-11 shrink-0 items-center gap-1 border-t border-line px-4">
        <HearingMark />
        <span className="flex-1" />
        <IconButton icon={Keyboard} label="Keys (?)" onClick={onKeys} />
        <ThemeSwitch />
      </div>
    </nav>
  )
}
