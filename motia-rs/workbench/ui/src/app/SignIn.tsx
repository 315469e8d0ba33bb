/** Asks for the token of the app, where it asks for one and the browser has none. */

import { type FormEvent, useEffect, useState } from 'react'
import { signIn } from '~/api/actions'
import { Button } from '~/ui/Button'
import { Mark } from './Mark'

export function SignIn() {
  const [token, setToken] = useState('')
  const [isWrong, setWrong] = useState(false)
  // The address that the app printed has the token in it, where no server sees it.
  useEffect(() => {
    const told = new URLSearchParams(location.hash.slice(1)).get('token')
    if (!told) return
    history.replaceState(null, '', location.pathname + location.search)
    void signIn(told).then((isKnown) => (isKnown ? location.reload() : setWrong(true)))
  }, [])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (await signIn(token).catch(() => false)) location.reload()
    else setWrong(true)
  }
  return (
    <main className="flex h-full items-center justify-center p-4">
      <form onSubmit={submit} className="card w-full max-w-sm space-y-4 p-6">
        <div className="flex items-center gap-3">
          <Mark />
          <h1 className="text-lg font-semibold">Workbench</h1>
        </div>
        <p className="text-soft">The app printed an address with a token when it started. Bring the token.</p>
        <label className="block space-y-1">
          <span className="font-medium">Token</span>
          <input
            type="password"
            autoComplete="current-password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            className="field w-full"
          />
        </label>
        {isWrong && (
          <p role="alert" className="text-bad">
            The app does not know this token.
          </p>
        )}
        <Button type="submit" look="primary" className="w-full">
          Enter
        </Button>
      </form>
    </main>
  )
}
