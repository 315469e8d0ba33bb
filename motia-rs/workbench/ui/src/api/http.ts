/** Asks the admin API, and turns its refusals into errors that say what they say. */

import { parse } from '~/json/lossless'

/** Where the admin API lies. */
export const API = '/__motia/api'

/** The answer was a refusal: an RFC 9457 problem. */
export class Problem extends Error {
  readonly status: number
  readonly errors: { pointer?: string; detail: string }[]

  constructor(status: number, detail: string, errors: Problem['errors'] = []) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.errors = errors
  }
}

/** What a query string is made of; what is empty is left out. */
export type Params = Record<string, string | number | boolean | undefined>

/** A path with its query string. */
export function withParams(path: string, params: Params = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '' && value !== false) query.set(name, String(value))
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

/** A path whose segments can hold anything. */
export function path(...segments: string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')
}

/** Reads. */
export function get<T>(place: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', withParams(place, params), undefined, { signal })
}

/** Changes something. */
export function send<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  place: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  return ask<T>(method, place, body === undefined ? undefined : JSON.stringify(body), {
    headers: { 'x-motia-workbench': '1', ...headers },
  })
}

async function ask<T>(
  method: string,
  place: string,
  body: string | undefined,
  init: { headers?: Record<string, string>; signal?: AbortSignal | undefined },
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', ...init.headers }
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(API + place, { method, headers, body: body ?? null, signal: init.signal ?? null })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, 'The app does not answer. Is it running?')
  }
  const text = await response.text()
  if (!response.ok) throw problem(response.status, text)
  return (text === '' ? null : parse(text)) as T
}

function problem(status: number, text: string): Problem {
  try {
    const { detail, title, errors } = JSON.parse(text)
    return new Problem(status, String(detail ?? title ?? status), Array.isArray(errors) ? errors : [])
  } catch {
    return new Problem(status, `The app answered ${status}.`)
  }
}
