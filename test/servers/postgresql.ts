/** Real PostgreSQL servers for tests: the one that npm brings (18), or Debian's (15). Throw-away data, no fsync. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  embeddedHome, freePort, initialise, launch, runningServer, signal, stopServer, unprivilegedUser,
} from '../../src/store/postgres-server.ts'

/** The newest PostgreSQL from the distribution's packages: 15 on Debian 12. */
export const debianHome =
  globSync('/usr/lib/postgresql/*').toSorted((a, b) => Number(path.basename(b)) - Number(path.basename(a)))[0]
  ?? '/usr/lib/postgresql/none'

export interface TestPostgres {
  /** Superuser on the database `postgres`. */
  url: string
  host: string
  port: number
  user: string
  password: string
  /** What the server says; with `log_statement = all`, every statement that it was sent. */
  logFile: string
  /** The same server, another database or user. */
  urlFor(database: string, user?: string, password?: string): string
  /** Stops and starts again on the same port, as a machine that reboots does. */
  restart(): Promise<void>
  /** Stops it and leaves the data, so that nothing answers on the port. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/** Whether that version is on this machine. */
export function hasPostgres(version: 'embedded' | 'debian'): boolean {
  return version === 'embedded' || existsSync(path.join(debianHome, 'bin', 'postgres'))
}

/** Which one tests of Usher's own database run on, unless they say; a file of tests on another one sets it before it begins. */
export const ownVersion: { is: 'embedded' | 'debian' } = { is: 'embedded' }

/** Starts a server with an empty cluster, in a new folder below `inside`. */
export async function startPostgres(
  options: { version?: 'embedded' | 'debian'; settings?: Record<string, string>; inside?: string } = {},
): Promise<TestPostgres> {
  const debian = (options.version ?? ownVersion.is) === 'debian'
  const home = debian ? debianHome : embeddedHome()
  const folder = await mkdtemp(path.join(options.inside ?? tmpdir(), 'usher-pg-'))
  const runAs = unprivilegedUser()
  if (runAs) execFileSync('chown', [`${runAs.uid}:${runAs.gid}`, folder])
  const cluster = path.join(folder, 'cluster')
  const user = 'postgres'
  const password = randomBytes(12).toString('base64url')
  const locale = debian ? ['--locale=C.UTF-8'] : ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
  await initialise(home, cluster, {
    user,
    password,
    runAs,
    passwordFile: path.join(folder, 'password'),
    flags: ['--no-sync', ...locale],
  })

  const port = await freePort()
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    ...options.settings,
  }
  const logFile = path.join(folder, 'log')
  const resume = async () => { await launch(home, cluster, { port, settings, logFile, runAs }) }
  const pause = () => stopServer(cluster)
  await resume()

  const abandon = () => {
    const running = runningServer(cluster)
    if (running) signal(running.pid, 'SIGQUIT')
  }
  process.once('exit', abandon)
  const urlFor = (database: string, as = user, secret = password) =>
    `postgres://${encodeURIComponent(as)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  return {
    url: urlFor('postgres'), host: '127.0.0.1', port, user, password, logFile, urlFor, pause, resume,
    async restart() { await pause(); await resume() },
    async stop() {
      await pause()
      process.off('exit', abandon)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
