/** Turns from the system's light to light to dark. */

import { Monitor, Moon, Sun } from 'lucide-react'
import { IconButton } from '~/ui/IconButton'
import { turnTheme, useTheme } from './theme'

const SHOWN = { system: Monitor, light: Sun, dark: Moon }

export function ThemeSwitch() {
  const theme = useTheme()
  return <IconButton icon={SHOWN[theme]} label={`Theme: ${theme} (t)`} onClick={turnTheme} />
}
