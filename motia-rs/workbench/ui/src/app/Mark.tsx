/** The mark of the Workbench. */

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden className="shrink-0">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path
        d="M8 22V10l8 8 8-8v12"
        fill="none"
        className="stroke-on-accent"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
