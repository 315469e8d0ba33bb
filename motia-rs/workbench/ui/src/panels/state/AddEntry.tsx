/** Adds an entry; one that is there already is not written over. */

import { useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { setEntry } from '~/api/actions'
import { get, Problem, path } from '~/api/http'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { Field, JsonDialog } from '~/json/JsonDialog'
import { Button } from '~/ui/Button'
import { Labelled } from '~/ui/Labelled'

export function AddEntry({ group: given }: { group: string | undefined }) {
  const [isOpen, setOpen] = useState(false)
  const refused = useRefused()
  return (
    <>
      <Button icon={Plus} refused={refused} onClick={() => setOpen(true)}>
        Add an entry
      </Button>
      {isOpen && <Form given={given ?? ''} onClose={() => setOpen(false)} />}
    </>
  )
}

function Form({ given, onClose }: { given: string; onClose: () => void }) {
  const [group, setGroup] = useState(given)
  const [key, setKey] = useState('')
  const navigate = useNavigate()
  const add = useAction({
    do: async (value: unknown) => {
      if (await exists(group, key))
        throw new Error(`${group} has an entry ${key} already: open it to change it.`)
      await setEntry(group, key, value)
    },
    touches: ['state'],
    done: () => `${key} is added`,
  })
  const addIt = (value: unknown) =>
    add.mutate(value, {
      onSuccess: () => {
        onClose()
        void navigate({ to: '/state/$group' as string, params: { group } as never, search: { key } as never })
      },
    })
  return (
    <JsonDialog
      title="Add an entry"
      label="Value"
      verb="Add"
      refused={!group || !key ? 'Say the group and the key.' : undefined}
      isBusy={add.isPending}
      onSend={addIt}
      onClose={onClose}
      before={
        <div className="grid grid-cols-2 gap-3">
          <Labelled label="Group">
            <Field value={group} onChange={setGroup} />
          </Labelled>
          <Labelled label="Key">
            <Field value={key} onChange={setKey} />
          </Labelled>
        </div>
      }
    />
  )
}

async function exists(group: string, key: string): Promise<boolean> {
  try {
    await get(path('state', group, key))
    return true
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return false
    throw error
  }
}
