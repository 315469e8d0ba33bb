/** What went wrong, and below it what had caused that. */

import { Text } from '~/ui/Text'

export function ErrorChain({ text }: { text: string }) {
  const [first = '', ...causes] = chain(text)
  return (
    <div role="group" aria-label="Error" className="rounded-md bg-bad-wash px-3 py-2">
      <Text of={first} isWhole className="font-medium text-bad" />
      {causes.length > 0 && (
        <ol className="mt-1 space-y-0.5 border-l-2 border-bad/30 pl-2.5 text-soft">
          {causes.map((cause) => (
            <li key={cause}>
              <Text of={cause} isWhole isMono />
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}

/** The links of a chain of errors: one a line, or apart by `caused by:`. */
export function chain(text: string): string[] {
  const links = text.split(/\n+|(?:[:,;]?\s*)caused by:\s*/i)
  return links.map((link) => link.trim()).filter((link) => link !== '')
}
