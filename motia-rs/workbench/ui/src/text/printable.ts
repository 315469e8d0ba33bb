/** Shows what cannot be seen: control and direction characters become visible escapes. */

// C0 and C1 controls but for tab and newline, soft hyphen, zero-width and bidi marks, line separators, tags.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu

/** The text, with every hidden character as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (hidden) => `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\r?\n/g, ' ⏎ ').replace(/\t/g, ' '))
}
