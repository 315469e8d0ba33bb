/** Adds an entry; one that is there already is not written over. */

import { useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { setEntry } from '~/api/actions'
import { get, Problem, path } from '~/api/http'
import { useAction } from '~/app/useAction'
import { useRefused } from '~/app/useRole'
import { faultOf } from '~/json/fault'
import { JsonEditor } from '~/json/JsonEditor'
import { parse } from '~/json/lossless'
import { Button } from '~/ui/Button'
import { Dialog } from '~/ui/Dialog'
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
  const [text, setText] = useState('{}')
  const navigate = useNavigate()
  const add = useAction({
    do: async () => {
      if (await exists(group, key))
        throw new Error(`${group} has an entry ${key} already: open it to change it.`)
      await setEntry(group, key, parse(text))
    },
    touches: ['state'],
    done: () => `${key} is added`,
  })
  const fault = faultOf(text)
  const refused = !group || !key ? 'Say the group and the key.' : fault
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (refused) return
    add.mutate(undefined, {
      onSuccess: () => {
        onClose()
        void navigate({ to: '/state/$group' as string, params: { group } as never, search: { key } as never })
      },
    })
  }
  return (
    <Dialog title="Add an entry" isOpen onClose={onClose}>
      <form className="space-y-3" onSubmit={submit}>
        <div className="grid grid-cols-2 gap-3">
          <Labelled label="Group">
            <input
              value={group}
              onChange={(event) => setGroup(event.target.value)}
              className="field w-full"
            />
          </Labelled>
          <Labelled label="Key">
            <input value={key} onChange={(event) => setKey(event.target.value)} className="field w-full" />
          </Labelled>
        </div>
        <JsonEditor label="Value" value={text} onChange={setText} height={10} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" look="primary" refused={refused} isBusy={add.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
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
