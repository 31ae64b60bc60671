/** `node src/main.ts serve | work | migrate | demo`: starts Usher. Everything else is done through its API, UI or `usher`. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ensureWebBuilt, webFolder } from '../scripts/build-web.ts'
import { startDemo } from './demo.ts'
import { UsherError } from './domain/errors.ts'
import { openUsher, settingsFrom, startServer, startWork, type Settings, type Usher } from './wiring.ts'

const usage = `Usage: node src/main.ts COMMAND

  serve          the web UI, the API and a worker (npm start)
  work           a worker alone, beside others on the same PostgreSQL
  migrate        brings the database to this version, and ends
  demo [--once]  serve, with an example company; --once ends after the first day (npm run demo)

  Environment: PORT (7070), HOST (127.0.0.1), USHER_DATA (./data), DATABASE_URL (a private PostgreSQL unless set),
               USHER_URL (http://localhost:PORT), USHER_MASTER_KEY, LOG_LEVEL (warn)`

const say = (line: string): void => { process.stdout.write(`${line}\n`) }

async function main(): Promise<void> {
  const [command, ...flags] = process.argv.slice(2)
  const settings = settingsFrom(process.env)
  switch (command) {
    case 'serve': return await serve(settings)
    case 'work': return await work(settings)
    case 'migrate': {
      await (await openUsher(settings)).close()
      return say('The database is at this version.')
    }
    case 'demo': return await demo(settings, flags.includes('--once'))
    default:
      say(usage)
      process.exitCode = command === undefined || command === '--help' ? 0 : 2
  }
}

async function serve(settings: Settings): Promise<void> {
  const closing = untilStopped()
  ensureWebBuilt(say)
  const usher = await openUsher(settings)
  closing.push(() => usher.close())
  const worker = await startWork(usher)
  closing.push(() => worker.stop())
  const server = await startServer(usher, settings, { version: await version(), webFolder })
  closing.push(() => server.close())
  say(`Usher serves ${settings.baseUrl}`)
  const link = await usher.auth.createSetupLink()
  if (link !== null) say(`Create the first administrator (once, within 24 hours): ${link.url}`)
}

async function work(settings: Settings): Promise<void> {
  if (settings.databaseUrl === undefined) throw new UsherError('INVALID_INPUT', 'A worker beside others needs DATABASE_URL: the private PostgreSQL belongs to the process that serves.')
  const closing = untilStopped()
  const usher = await openUsher(settings)
  closing.push(() => usher.close())
  const worker = await startWork(usher)
  closing.push(() => worker.stop())
  say('Working.')
}

async function demo(settings: Settings, once: boolean): Promise<void> {
  const closing = untilStopped()
  if (!once) ensureWebBuilt(say)
  const usher = await openUsher(settings)
  closing.push(() => usher.close())
  const shown = await startDemo(usher, (stop) => closing.push(stop), say)
  const worker = await startWork(usher)
  closing.push(() => worker.stop())
  const ok = await shown.play()
  if (once) {
    process.exitCode = ok ? 0 : 1
    return await stopAll(closing)
  }
  const server = await startServer(usher, settings, { version: await version(), webFolder })
  closing.push(() => server.close())
  say(`\nSign in (this link works once): ${await signInLink(usher)}`)
  say(`Then the UI is at ${settings.baseUrl}; Ctrl-C stops everything.`)
}

/** The demo's administrator has no password: they sign in by link. */
async function signInLink(usher: Usher): Promise<string> {
  const { rows } = await usher.context.pool.query<{ id: string }>(`select id from auth."user" where email = 'admin@northwind.example'`)
  const id = rows[0]?.id ?? await usher.auth.createUser({ name: 'Demo administrator', email: 'admin@northwind.example', role: 'administrator' })
  return (await usher.auth.createSignInLink(id)).url
}

async function version(): Promise<string> {
  const text = await readFile(path.join(import.meta.dirname, '../package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** What was started, closed in reverse order when the process is told to stop; told twice, it stops at once. */
function untilStopped(): (() => Promise<void>)[] {
  const closing: (() => Promise<void>)[] = []
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130)
      stopping = true
      stopAll(closing).then(() => process.exit(0), fail)
    })
  }
  return closing
}

async function stopAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close()
}

function fail(error: unknown): void {
  const text = error instanceof UsherError ? `${error.message}\n${error.advice}` : error instanceof Error ? error.stack ?? error.message : String(error)
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

main().catch(fail)
