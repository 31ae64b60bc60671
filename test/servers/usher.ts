/** The real Usher, as `npm start` runs it, on a free port with a throw-away data folder; and the real command line. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createUsherClient, type UsherClient } from '../../client/index.ts'
import { freePort } from '../../src/store/postgres-server.ts'

const root = path.join(import.meta.dirname, '../..')
const [startMsMax, stopMsMax] = [180_000, 60_000]

export interface TestUsher {
  url: string
  /** Data folder; source files go to `files` in it. */
  data: string
  /** An administrator's API token. */
  token: string
  api: UsherClient
  /** What it printed so far. */
  output(): string
  /** Runs `usher` with these arguments, signed in with the token. */
  cli(args: string[], options?: CliOptions): Promise<CliResult>
  /** `kill -9`; the private PostgreSQL goes on alone, as it would. */
  kill(): Promise<void>
  /** Starts again on the same data and port. */
  start(): Promise<void>
  /** A further process that only works, on the same database. */
  startWorker(): Promise<TestWorker>
  /** Of the process that serves. */
  pid(): number
  isRunning(): boolean
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

export interface TestWorker {
  pid: number
  kill(): Promise<void>
  stop(): Promise<void>
}

export interface CliOptions { input?: string; env?: Record<string, string> }
export interface CliResult { code: number; stdout: string; stderr: string }

/** Starts `src/main.ts serve` and makes the first administrator. Without `databaseUrl` with its private PostgreSQL. */
export async function startUsher(options: { databaseUrl?: string } = {}): Promise<TestUsher> {
  const data = await mkdtemp(path.join(tmpdir(), 'usher-test-'))
  await chmod(data, 0o755)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let running = await serve(data, port, options.databaseUrl)
  // In order, so that its private PostgreSQL goes with it.
  process.once('exit', () => running.child.kill('SIGTERM'))
  const token = await setUp(url, running.output).catch(async (error: unknown) => {
    running.child.kill('SIGTERM')
    throw new Error(`Usher could not be set up (it ended: ${running.child.exitCode ?? 'no'}):\n${running.output()}`, { cause: error })
  })

  return {
    url, data, token, api: createUsherClient(url, { token }),
    output: () => running.output(),
    cli: (args, cliOptions = {}) => runCli(args, {
      ...cliOptions, env: { USHER_URL: url, USHER_TOKEN: token, XDG_CONFIG_HOME: path.join(data, 'config'), ...cliOptions.env },
    }),
    kill: () => end(running.child, 'SIGKILL'),
    pid: () => running.child.pid!,
    isRunning: () => running.child.exitCode === null && running.child.signalCode === null,
    startWorker: () => startWorker(data, options.databaseUrl!),
    async start() { running = await serve(data, port, options.databaseUrl) },
    async stop() {
      try {
        await stopped(running.child, () => running.output())
      } finally {
        await rm(data, { recursive: true, force: true })
      }
    },
  }
}

/** Runs the command line as a user does, in a process of its own. */
export async function runCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [path.join(root, 'src/cli/main.ts'), ...args], {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), TZ: 'UTC', ...options.env }, stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => { stdout += chunk })
  child.stderr.on('data', (chunk) => { stderr += chunk })
  child.stdin.end(options.input ?? '')
  const [code] = await once(child, 'close') as [number | null]
  return { code: code ?? -1, stdout, stderr }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** Ends it as an operator does. One that does not end is killed, and that is a failure. */
async function stopped(child: ChildProcess, output: () => string): Promise<void> {
  let hangs = false
  const late = setTimeout(() => {
    hangs = true
    child.kill('SIGKILL')
  }, stopMsMax)
  await end(child, 'SIGTERM')
  clearTimeout(late)
  if (hangs) throw new Error(`Usher did not stop when it was told to:\n${output()}`)
}

async function startWorker(data: string, databaseUrl: string): Promise<TestWorker> {
  const child = spawnUsher('work', { USHER_DATA: data, DATABASE_URL: databaseUrl })
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  child.stdout!.on('data', (chunk) => { output += chunk })
  child.stderr!.on('data', (chunk) => { output += chunk })
  const until = performance.now() + startMsMax
  while (!output.includes('Working.')) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`The worker did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { pid: child.pid!, kill: () => end(child, 'SIGKILL'), stop: () => stopped(child, () => output) }
}

function spawnUsher(command: 'serve' | 'work', settings: Record<string, string>): ChildProcess {
  const { NODE_TEST_CONTEXT: _, DATABASE_URL: __, ...env } = process.env
  return spawn(process.execPath, ['src/main.ts', command], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, ...settings } })
}

interface Running { child: ChildProcess; output(): string }

async function serve(data: string, port: number, databaseUrl: string | undefined): Promise<Running> {
  const child = spawnUsher('serve', {
    PORT: String(port), HOST: '127.0.0.1', USHER_DATA: data, USHER_URL: `http://127.0.0.1:${port}`, ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  })
  let output = ''
  child.stdout!.on('data', (chunk) => { output += chunk })
  child.stderr!.on('data', (chunk) => { output += chunk })
  const until = performance.now() + startMsMax
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`Usher ended with ${child.exitCode}:\n${output}`)
    const healthy = await fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.ok, () => false)
    if (healthy) return { child, output: () => output }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill('SIGKILL')
  throw new Error(`Usher did not come up:\n${output}`)
}

/** The first administrator, by the one-time link; then a token of theirs. */
async function setUp(url: string, output: () => string): Promise<string> {
  // It serves a moment before it prints the link.
  for (let attempt = 0; attempt < 100 && !output().includes('token='); attempt++) await new Promise((resolve) => setTimeout(resolve, 100))
  const link = /token=([\w-]+)/.exec(output())?.[1] ?? ''
  const api = createUsherClient(url)
  const { response } = await api.POST('/api/setup', {
    headers: { origin: url }, body: { token: link, name: 'Ada Admin', email: 'ada@example.org', password: 'correct horse battery' },
  })
  if (!response.ok) throw new Error(`Set-up failed with ${response.status}:\n${output()}`)
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const { data } = await api.POST('/api/tokens', {
    headers: { cookie, origin: url }, body: { name: 'tests', role: 'administrator', expiresInDays: 1 },
  })
  if (data === undefined) throw new Error('There is no token.')
  return data.secret
}
