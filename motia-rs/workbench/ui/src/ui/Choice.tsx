/** One of a few, by the browser's own list: it works with keys, screen readers and thumbs. */

import { classes } from './classes'

type Props = {
  label: string
  value: string
  options: { value: string; title: string }[]
  onChange: (value: string) => void
  className?: string
}

export function Choice({ label, value, options, onChange, className }: Props) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={classes('field w-40 max-sm:w-[calc(50%-0.25rem)]', className)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.title}
        </option>
      ))}
    </select>
  )
}
