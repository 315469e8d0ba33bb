import { expect, test } from 'vitest'
import { oneLine, printable } from './printable'

test('a text that turns its direction shows where', () => {
  expect(printable('user\u202egpj.exe')).toBe('user\\u{202e}gpj.exe')
})

test('controls, zero-width characters and tags are shown, lines and tabs are kept', () => {
  expect(printable('a\u0000b\u001b[31m\u200b\u{e0041}')).toBe('a\\u{0}b\\u{1b}[31m\\u{200b}\\u{e0041}')
  expect(printable('one\n\ttwo')).toBe('one\n\ttwo')
})

test('words of any language stay as they are', () => {
  expect(printable('größer 漢字 العربية 👩‍💻'.replace('\u200d', ''))).toBe('größer 漢字 العربية 👩💻')
})

test('a line is one line', () => {
  expect(oneLine('a\r\nb\tc')).toBe('a ⏎ b c')
})
