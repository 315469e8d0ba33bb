/** Sends a request to the app itself, and reads the answer as it comes. */

export type Answer = {
  status: number
  statusText: string
  headers: [string, string][]
  traceId: string | undefined
  /** As much as is shown. */
  text: string
  size: number
  isCut: boolean
  isOver: boolean
  tookMs: number
}

/** As much of an answer is shown, in characters. */
const SHOWN = 512 * 1024

type Request = { method: string; address: string; headers: Headers; body: string | undefined }

/** `told` hears of each part that comes in. */
export async function send(
  request: Request,
  signal: AbortSignal,
  told: (answer: Answer) => void,
): Promise<void> {
  const began = performance.now()
  const response = await fetch(request.address, {
    method: request.method,
    headers: request.headers,
    body: request.body ?? null,
    redirect: 'manual',
    signal,
  })
  const answer: Answer = {
    status: response.status,
    statusText:
      response.type === 'opaqueredirect' ? 'a redirect, which is not followed' : response.statusText,
    headers: [...response.headers],
    traceId: response.headers.get('x-trace-id') ?? undefined,
    text: '',
    size: 0,
    isCut: false,
    isOver: false,
    tookMs: performance.now() - began,
  }
  told({ ...answer })

  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    answer.size += value.byteLength
    if (answer.text.length < SHOWN) answer.text += decoder.decode(value, { stream: true })
    answer.isCut = answer.text.length >= SHOWN
    answer.tookMs = performance.now() - began
    told({ ...answer })
  }
  answer.isOver = true
  told({ ...answer, tookMs: performance.now() - began })
}
