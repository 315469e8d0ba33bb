/** Writes a request to one route, sends it, and shows what came back. */

import { Link } from '@tanstack/react-router'
import { ArrowLeft, Send, Square } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import type { Endpoint } from '~/api/shapes'
import { StepName } from '~/app/StepName'
import { Button } from '~/ui/Button'
import { Choice } from '~/ui/Choice'
import { CopyButton } from '~/ui/CopyButton'
import { MethodMark } from '~/ui/MethodMark'
import { Scroll } from '~/ui/Scroll'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { AnswerView } from './AnswerView'
import { BodyEditor } from './BodyEditor'
import { address, begin, bodyOf, curl, type Draft, headersOf, missing, paramsOf } from './draft'
import { Pairs } from './Pairs'
import { PastRequests } from './PastRequests'
import { keep, past } from './past'
import { type Answer, send } from './send'

export function TryIt({ endpoint }: { endpoint: Endpoint }) {
  const [draft, setDraft] = useState<Draft>(() => past(endpoint.step)[0]?.draft ?? begin(endpoint))
  const [answer, setAnswer] = useState<Answer>()
  const [failed, setFailed] = useState<string>()
  const [isSending, setSending] = useState(false)
  const [history, setHistory] = useState(() => past(endpoint.step))
  const [mediaType, setMediaType] = useState(endpoint.mediaTypes?.[0] ?? 'application/json')
  const abort = useRef<AbortController>(undefined)

  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }))
  const hasBody = (endpoint.mediaTypes?.length ?? 0) > 0
  const sent = hasBody ? draft : { ...draft, body: '' }
  const names = paramsOf(endpoint)
  const refused = missing(endpoint.path, draft)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (refused) return
    abort.current?.abort()
    abort.current = new AbortController()
    setSending(true)
    setFailed(undefined)
    let status = 0
    try {
      const request = {
        method: endpoint.method,
        address: address(endpoint.path, draft),
        headers: headersOf(sent, mediaType),
        body: bodyOf(sent, mediaType),
      }
      await send(request, abort.current.signal, (part) => {
        status = part.status
        setAnswer(part)
      })
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) {
        setFailed('The app did not answer. Is it running?')
      }
    } finally {
      setSending(false)
      if (status > 0) setHistory(keep(endpoint.step, status, draft))
    }
  }

  return (
    <Scroll label={`Try ${endpoint.method} ${endpoint.path}`}>
      <form onSubmit={submit}>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-3">
          <Link
            to={'/endpoints' as string}
            search={{} as never}
            aria-label="All routes"
            className="text-soft md:hidden"
          >
            <ArrowLeft size={17} aria-hidden />
          </Link>
          <span className="flex min-w-0 items-center">
            <MethodMark method={endpoint.method} />
            <Text of={endpoint.path} isMono className="text-sm font-semibold" />
          </span>
          <span className="min-w-0 flex-1 text-soft max-sm:hidden">
            <StepName name={endpoint.step} kind="api" />
          </span>
          <CopyButton
            text={curl(endpoint.method, endpoint.path, sent, mediaType, location.origin)}
            label="Copy as a curl line"
          />
          {isSending && answer && !answer.isOver ? (
            <Button icon={Square} onClick={() => abort.current?.abort()}>
              Stop
            </Button>
          ) : (
            <Button type="submit" icon={Send} look="primary" refused={refused} isBusy={isSending}>
              Send
            </Button>
          )}
        </div>
        {endpoint.description && (
          <p className="px-4 pt-3 text-soft">
            <Text of={endpoint.description} isWhole />
          </p>
        )}
        {names.length > 0 && (
          <Section title="Path">
            <div className="grid gap-3 sm:grid-cols-2">
              {names.map((name) => (
                <label key={name} className="block space-y-1">
                  <span className="text-xs font-medium text-soft">{name}</span>
                  <input
                    value={draft.params[name] ?? ''}
                    onChange={(event) => change({ params: { ...draft.params, [name]: event.target.value } })}
                    className="field w-full font-mono text-xs"
                  />
                </label>
              ))}
            </div>
          </Section>
        )}
        <Pairs
          title="Query"
          of="query"
          pairs={draft.query}
          told={endpoint.query}
          onChange={(query) => change({ query })}
        />
        <Pairs
          title="Headers"
          of="header"
          pairs={draft.headers}
          onChange={(headers) => change({ headers })}
        />
        {hasBody && (
          <Section
            title="Body"
            actions={
              (endpoint.mediaTypes?.length ?? 0) > 1 && (
                <Choice
                  label="Media type"
                  value={mediaType}
                  onChange={setMediaType}
                  options={endpoint.mediaTypes.map((value) => ({ value, title: value }))}
                />
              )
            }
          >
            <BodyEditor
              schema={/json|urlencoded/.test(mediaType) ? endpoint.body : null}
              value={draft.body}
              onChange={(body) => change({ body })}
              onExample={() => change({ body: begin(endpoint).body })}
            />
          </Section>
        )}
      </form>
      <AnswerView answer={answer} failed={failed} />
      <PastRequests past={history} onChoose={setDraft} />
    </Scroll>
  )
}
