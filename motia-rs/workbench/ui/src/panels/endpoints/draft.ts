/** A request that is being written. */

import type { Endpoint } from '~/api/shapes'
import { faultOf } from '~/json/fault'
import { pretty } from '~/json/lossless'
import { exampleOf } from './example'

export type Pair = { name: string; value: string }

export type Draft = {
  params: Record<string, string>
  query: Pair[]
  headers: Pair[]
  body: string
}

/** The names in the path of a route: `/orders/{id}`. */
export function paramsOf({ path, pathParams }: Pick<Endpoint, 'path' | 'pathParams'>): string[] {
  const told = (pathParams ?? []).map(({ name }) => name)
  if (told.length > 0) return told
  return [...path.matchAll(/\{\*?([^}]+)\}/g)].map((found) => found[1] ?? '')
}

/** What a request begins as: with an example where the route has one. */
export function begin(endpoint: Endpoint): Draft {
  const example = endpoint.bodyExample ?? (endpoint.body === null ? undefined : exampleOf(endpoint.body))
  return {
    params: Object.fromEntries(paramsOf(endpoint).map((name) => [name, ''])),
    query: (endpoint.query ?? []).map(({ name }) => ({ name, value: '' })),
    headers: [],
    body: example === undefined || example === null ? '' : pretty(example),
  }
}

/** Where the request goes; parameters that nobody filled in stay as they are. */
export function address(path: string, draft: Draft): string {
  const filled = path.replace(/\{(\*?)([^}]+)\}/g, (whole, rest, name) => {
    const value = draft.params[name]
    if (!value) return whole
    return rest ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value)
  })
  const query = new URLSearchParams()
  for (const { name, value } of draft.query) if (name && value) query.append(name, value)
  const text = query.toString()
  return text ? `${filled}?${text}` : filled
}

/** What keeps the request from being sent, if something does. */
export function missing(path: string, draft: Draft): string | undefined {
  const [name] = /\{\*?([^}]+)\}/.exec(address(path, draft)) ?? []
  return name ? `Fill in ${name} of the path.` : undefined
}

/** The headers that are sent. */
export function headersOf(draft: Draft, mediaType: string): Headers {
  const headers = new Headers()
  if (draft.body !== '') headers.set('content-type', mediaType)
  for (const { name, value } of draft.headers) if (name) headers.set(name, value)
  return headers
}

/** What is sent: a form is written as JSON here, and sent as a form. */
export function bodyOf({ body }: Pick<Draft, 'body'>, mediaType: string): string | undefined {
  if (body === '') return undefined
  if (mediaType !== 'application/x-www-form-urlencoded' || faultOf(body) !== undefined) return body
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(JSON.parse(body) ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) form.append(name, String(each))
  }
  return form.toString()
}

/** The same request as a line for a terminal. */
export function curl(method: string, path: string, draft: Draft, mediaType: string, origin: string): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), quote(origin + address(path, draft))]
  headersOf(draft, mediaType).forEach((value, name) => {
    parts.push('-H', quote(`${name}: ${value}`))
  })
  const body = bodyOf(draft, mediaType)
  if (body !== undefined) parts.push('-d', quote(body))
  return parts.join(' ')
}
