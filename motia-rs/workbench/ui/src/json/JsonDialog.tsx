/** A window in which JSON is written with a few fields around it, and sent. */

import { type ReactNode, useState } from 'react'
import { Button } from '~/ui/Button'
import { Dialog } from '~/ui/Dialog'
import { faultOf } from './fault'
import { JsonEditor } from './JsonEditor'
import { parse } from './lossless'

type Props = {
  title: string
  about?: string
  /** What the JSON is: `Payload`. */
  label: string
  /** What the button does: `Emit`. */
  verb: string
  /** Why it cannot be sent yet, apart from what is wrong with the JSON. */
  refused: string | undefined
  isBusy: boolean
  onSend: (value: unknown) => void
  onClose: () => void
  /** The fields above the JSON, and those below it. */
  before: ReactNode
  after?: ReactNode
}

export function JsonDialog(props: Props) {
  const { title, about, label, verb, isBusy, onSend, onClose, before, after } = props
  const [text, setText] = useState('{}')
  const refused = props.refused ?? faultOf(text)
  return (
    <Dialog title={title} about={about} isOpen onClose={onClose}>
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (!refused && !isBusy) onSend(parse(text))
        }}
      >
        {before}
        <JsonEditor label={label} value={text} onChange={setText} height={10} />
        {after}
        <div className="flex justify-end gap-2 pt-1">
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" look="primary" refused={refused} isBusy={isBusy}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

type FieldProps = {
  value: string
  onChange: (value: string) => void
  isMono?: boolean
} & Omit<React.ComponentProps<'input'>, 'value' | 'onChange'>

/** A line of text in such a window. */
export function Field({ value, onChange, isMono, ...rest }: FieldProps) {
  return (
    <input
      {...rest}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={isMono ? 'field w-full font-mono text-xs' : 'field w-full'}
    />
  )
}
