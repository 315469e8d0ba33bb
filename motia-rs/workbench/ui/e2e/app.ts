/** The program under test: started on a free port with nothing in its data folder, and stopped by its id. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const BINARY = resolve(process.env.MOTIA_APP_BINARY ?? '../../../target/debug/app')

const EXAMPLES = process.env.MOTIA_EXAMPLES ?? '../../../target/debug/examples'

/** The program of `examples/{name}`. */
export function example(name: string): string {
  return resolve(EXAMPLES, name)
}

/** Simulated work of the app takes its time, but not that of a test. */
const FAST = { MOTIA_DEMO_SPEED: '20' }

/** How long it may take to be ready, in milliseconds: many times what it takes where nothing else is going on. */
const PATIENCE = 120_000

export class App {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly said: string[],
  ) {}

  static async start(binary = BINARY, settings: Record<string, string> = FAST): Promise<App> {
    const folder = await mkdtemp(join(tmpdir(), 'workbench-e2e-'))
    const port = await freePort()
    const args = ['serve', '--port', String(port), '--data-dir', join(folder, 'data')]
    // The app refuses settings that it does not know: none of this shell's are its.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('MOTIA_'))
    const env = { ...Object.fromEntries(others), ...settings }
    const child = spawn(binary, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said: string[] = []
    child.stdout?.on('data', (data) => said.push(String(data)))
    child.stderr?.on('data', (data) => said.push(String(data)))
    child.on('error', (error) => said.push(String(error)))
    const app = new App(`http://127.0.0.1:${port}`, child, folder, said)
    await app.ready()
    return app
  }

  async stop(): Promise<void> {
    const over = new Promise((done) => this.child.once('exit', done))
    if (this.child.exitCode === null && this.child.kill('SIGTERM')) await over
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Asks the admin API as a program does. */
  async api<T>(path: string, body?: unknown): Promise<T> {
    const init =
      body === undefined ? {} : { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(body) }
    const answer = await fetch(`${this.url}/__motia/api${path}`, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return JSON.parse(text || 'null') as T
  }

  /** Emits a letter to an address that is not allowed: its step gives it up at once. */
  async giveUp(): Promise<void> {
    const job = {
      jobId: 'j-1',
      status: 'completed',
      progress: { percent: 100, message: 'done' },
      result: null,
      error: null,
      attempts: 1,
      durationMs: 1,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
    }
    await this.api('/emit', { topic: 'ai.webhook.send', payload: { url: 'http://127.0.0.1:1/hook', job } })
  }

  private async ready(): Promise<void> {
    const end = Date.now() + PATIENCE
    while (Date.now() < end) {
      if (this.child.exitCode !== null) break
      const answer = await fetch(`${this.url}/__motia/api/app`).catch(() => undefined)
      if (answer && answer.status < 500) return
      await new Promise((done) => setTimeout(done, 100))
    }
    this.child.kill('SIGTERM')
    throw new Error(`The app did not get ready:\n${this.said.join('')}`)
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => done(port))
    })
  })
}
