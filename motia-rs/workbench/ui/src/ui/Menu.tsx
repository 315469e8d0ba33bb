/** A few more things that can be done, behind one button. */

import { Ellipsis, type LucideIcon } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import { classes } from './classes'

export type MenuItem = {
  title: string
  icon?: LucideIcon
  isDangerous?: boolean
  refused?: string | false | undefined
  onSelect: () => void
}

export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger
        aria-label={label}
        className="relative inline-flex size-7 shrink-0 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-ink"
      >
        <Ellipsis size={15} aria-hidden />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="appear z-50 min-w-44 rounded-lg border border-line bg-raised p-1 shadow-pop"
        >
          {items.map(({ title, icon: Icon, isDangerous, refused, onSelect }) => (
            <Radix.Item
              key={title}
              disabled={Boolean(refused)}
              onSelect={onSelect}
              className={classes(
                'flex min-h-8 items-center gap-2 rounded-md px-2 outline-none data-[disabled]:opacity-60 data-[highlighted]:bg-hover',
                isDangerous && 'text-bad',
              )}
            >
              {Icon && <Icon size={15} aria-hidden />}
              <span>
                {title}
                {refused && <span className="block text-2xs text-soft">{refused}</span>}
              </span>
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
