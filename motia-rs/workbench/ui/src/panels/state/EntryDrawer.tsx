/** One entry: read, edited while it still has the version that was seen, and deleted. */

import { useQuery } from '@tanstack/react-query'
import { Save, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { deleteEntry, setEntry } from '~/api/actions'
import { entry } from '~/api/queries'
import type { Entry } from '~/api/shapes'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { faultOf } from '~/json/fault'
import { JsonEditor } from '~/json/JsonEditor'
import { parse, pretty } from '~/json/lossless'
import { Ago } from '~/ui/Ago'
import { Button } from '~/ui/Button'
import { Confirm } from '~/ui/Confirm'
import { Drawer } from '~/ui/Drawer'
import { Facts } from '~/ui/Facts'
import { Loaded } from '~/ui/Loaded'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'

type Props = { group: string; entryKey: string; onClose: () => void }

export function EntryDrawer({ group, entryKey, onClose }: Props) {
  const query = useQuery(entry(group, entryKey))
  return (
    <Drawer
      name={`Entry ${entryKey}`}
      title={<Text of={entryKey} isMono className="text-sm" />}
      onClose={onClose}
    >
      <Loaded of={query}>{(found) => <Editing group={group} entry={found} onClose={onClose} />}</Loaded>
    </Drawer>
  )
}

function Editing({ group, entry, onClose }: { group: string; entry: Entry; onClose: () => void }) {
  const [seen, setSeen] = useState(entry)
  const [text, setText] = useState(() => pretty(entry.value))
  const [isAsking, setAsking] = useState(false)
  const mayNot = useRefused()
  const fault = faultOf(text)
  const isEdited = fault !== undefined || pretty(parse(text)) !== pretty(seen.value)
  const isOvertaken = entry.version !== seen.version
  const takeNew = () => {
    setSeen(entry)
    setText(pretty(entry.value))
  }
  // What changed elsewhere is shown at once, unless something is being written here.
  if (isOvertaken && !isEdited) takeNew()

  const save = useAction({
    do: () => setEntry(group, seen.key, parse(text), seen.version),
    touches: ['state'],
    done: () => {
      setSeen((before) => ({ ...before, value: parse(text) }))
      return `${seen.key} is saved`
    },
  })
  const remove = useAction({
    do: () => deleteEntry(group, seen.key),
    touches: ['state'],
    done: () => `${seen.key} is deleted`,
  })
  const refused =
    mayNot ?? (fault ? `The text is no JSON: ${fault}` : isEdited ? undefined : 'Nothing was changed.')
  return (
    <>
      <Section title="Entry">
        <Facts
          facts={[
            ['Group', <Text key="group" of={group} />],
            [
              'Version',
              <span key="version" data-testid="version">
                {seen.version}
              </span>,
            ],
            entry.expiresAt && ['Expires', <Ago key="expires" at={entry.expiresAt} />],
          ]}
        />
      </Section>
      {isOvertaken && isEdited && (
        <div role="alert" className="flex items-center gap-3 border-b border-line bg-warn-wash px-4 py-2">
          <p className="flex-1">
            Somebody wrote version {entry.version} meanwhile. Yours cannot be saved over it.
          </p>
          <Button onClick={takeNew}>Show the new one</Button>
        </div>
      )}
      <Section
        title="Value"
        actions={
          <>
            <Button
              icon={Save}
              look="primary"
              refused={refused}
              isBusy={save.isPending}
              onClick={() => save.mutate()}
            >
              Save
            </Button>
            <Button icon={Trash2} refused={mayNot} onClick={() => setAsking(true)}>
              Delete
            </Button>
          </>
        }
      >
        <JsonEditor
          label="Value"
          value={text}
          onChange={setText}
          height={20}
          isReadOnly={mayNot !== undefined}
        />
        {fault && <p className="mt-1 text-xs text-bad">{fault}</p>}
      </Section>
      {isAsking && (
        <Confirm
          title={`Delete ${seen.key}?`}
          about="Nobody can bring it back."
          verb="Delete it"
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
        />
      )}
    </>
  )
}
