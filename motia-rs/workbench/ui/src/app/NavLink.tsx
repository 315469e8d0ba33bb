/** A line of the list of panels. */

import { Link } from '@tanstack/react-router'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

type Props = {
  to: string
  params?: Record<string, string>
  title: string
  icon: LucideIcon
  badge?: ReactNode
  onOpen: () => void
}

export function NavLink({ to, params, title, icon: Icon, badge, onOpen }: Props) {
  return (
    <Link
      to={to}
      params={params as never}
      search={{} as never}
      activeOptions={{ exact: to === '/', includeSearch: false }}
      onClick={onOpen}
      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-soft hover:bg-hover hover:text-ink data-[status=active]:bg-accent-wash data-[status=active]:font-medium data-[status=active]:text-accent"
    >
      <Icon size={16} aria-hidden className="shrink-0" />
      <span className="min-w-0 flex-1 truncate">{title}</span>
      {badge}
    </Link>
  )
}
