/**
 * Usher's private PostgreSQL: a real server from the npm package, in the data folder. It is spoken to by a socket in its
 * folder, or on the loopback interface where that cannot be (Windows, a long path).
 *
 *     <data>/postgres/        the cluster (a link to /var/lib/usher/… where its user cannot get into the data folder)
 *     <data>/postgres.json    port and generated password, 0600
 *     <data>/postgres.log     what the server says
 *
 * Exactly one process owns a data folder: it holds an advisory lock in the server for as long as it lives. A server
 * that outlived its Usher (kill -9) is adopted; one that dies under its Usher is started again.
 */
import { chmodSync, existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { totalmem } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { UsherError } from '../domain/errors.ts'
import { clusterFolder, makeCluster, readSettings, saveSettings, type PrivateSettings } from './private-cluster.ts'
import {
  embeddedHome,
  freePort,
  launch,
  runningServer,
  signal,
  stopServer,
  type RunningServer,
} from './postgres-server.ts'

export interface PrivatePostgres {
  url: string
  /** Stops the server. Safe to call twice. */
  stop(): Promise<void>
}

/** `pino` fits. */
export interface PrivateLog {
  info(message: string): void
  warn(message: string): void
}

const database = 'usher'
/** Any number will do, as long as no other part of Usher takes the same lock. */
const ownerLock = 727_074_001
const logBytesMax = 10_000_000
const restartMs = 500

/**
 * An eighth of the memory that there is for this process, within bounds: an import that does not fit writes its pages to disk
 * and reads them again for each index.
 */
function sharedMegabytes(): number {
  const bytes = Math.min(totalmem(), process.constrainedMemory() || Infinity)
  return Math.min(1024, Math.max(128, Math.floor(bytes / 8 / 2 ** 20)))
}

const serverSettings: Record<string, string> = {
  shared_buffers: `${sharedMegabytes()}MB`,
  max_wal_size: '4GB',
  // Nothing is replicated from here: what is loaded into a new table, and new indexes, go to disk once instead of twice.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '100',
  synchronous_commit: 'on',
  fsync: 'on',
  unix_socket_directories: process.platform === 'win32' ? '' : '.',
  unix_socket_permissions: '0700',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  // Values of people may stand in statements and in the detail of an error; neither belongs in a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

/** Starts the private PostgreSQL of a data folder, or adopts the one that still runs there. */
export async function startPrivatePostgres(dataFolder: string, log: PrivateLog): Promise<PrivatePostgres> {
  const folder = path.resolve(dataFolder)
  await mkdir(folder, { recursive: true })
  const settings = readSettings(folder)
  const { cluster, home, runAs } = await clusterFolder(folder, embeddedHome(), log)
  await makeCluster({ folder, cluster, home, runAs, settings })

  const logFile = path.join(folder, 'postgres.log')
  trim(logFile)
  const start = async (port: number): Promise<RunningServer> => {
    forgetSocket(cluster, port)
    return await launch(home, cluster, { port, settings: serverSettings, logFile, runAs })
  }
  const owned: Owned = await own(await runningOrLaunched(cluster, folder, settings, log, start))
  return { url: urlOf(settings, cluster, owned.running, database), stop: stopWithProcess(cluster, owned) }

  async function own(running: RunningServer): Promise<Owned> {
    const owner = await takeOwnership(urlOf(settings, cluster, running, 'postgres'), folder)
    await ensureDatabase(owner)
    owner.on('error', () => {}).once('end', () => void startAgain())
    return { running, owner, stopping: false }
  }

  /** On the same port, as the pool's connections go there. */
  async function startAgain(): Promise<void> {
    for (let attempt = 0; !owned.stopping; attempt++) {
      try {
        Object.assign(owned, await own(ours(cluster) ?? await start(owned.running.port)))
        return log.warn('The private PostgreSQL had stopped and was started again.')
      } catch (error) {
        if (attempt === 0) log.warn(`The private PostgreSQL stopped: ${error instanceof Error ? error.message : String(error)}`)
        await sleep(restartMs)
      }
    }
  }
}

/** The server as it runs now, and the connection that owns the data folder. */
interface Owned {
  running: RunningServer
  owner: pg.Client
  stopping: boolean
}

/** What the address of a socket may be long, on the systems where it may be shortest (macOS, sys/un.h). */
const socketPathMax = 103

/** By its socket, where it has one: a question and its answer take half the processor time that they take on the loopback interface. */
function urlOf(settings: PrivateSettings, cluster: string, running: RunningServer, name: string): string {
  const url = `postgres://${settings.user}:${settings.password}@127.0.0.1:${running.port}/${name}`
  const socket = path.join(cluster, `.s.PGSQL.${running.port}`)
  return Buffer.byteLength(socket) <= socketPathMax && existsSync(socket) ? `${url}?host=${encodeURIComponent(cluster)}` : url
}

/** The server that runs there, waited for while it comes up or goes down; else a new one. */
async function runningOrLaunched(cluster: string, folder: string, settings: PrivateSettings, log: PrivateLog,
  start: (port: number) => Promise<RunningServer>): Promise<RunningServer> {
  for (let failure: unknown, attempt = 0; ;) {
    const running = ours(cluster)
    if (running?.status === 'ready') {
      if (running.pid !== process.pid)
        log.info(`The private PostgreSQL of ${folder} still runs (process ${running.pid}); it is used.`)
      return running
    }
    if (running) {
      await sleep(50)
      continue
    }
    if (attempt === 2) throw failure
    attempt += 1
    const port = await freePort(settings.port)
    if (port !== settings.port) saveSettings(folder, { ...settings, port })
    try {
      return await start(port)
    } catch (error) {
      // Another process may have been quicker with this folder: look again before giving up.
      failure = error
    }
  }
}

/**
 * The pid file's server, if its process is a server on this cluster. After a crash of the machine the number may
 * belong to somebody else, whom PostgreSQL would take for a running server; then its file goes.
 */
function ours(cluster: string): RunningServer | undefined {
  const running = runningServer(cluster)
  if (!running) return undefined
  let command: string
  try {
    command = readFileSync(`/proc/${running.pid}/cmdline`, 'utf8')
  } catch {
    return running
  }
  if (command.split('\0').includes(cluster)) return running
  rmSync(path.join(cluster, 'postmaster.pid'), { force: true })
  return undefined
}

/** What a server left that was killed: PostgreSQL takes the number in its lock file for a server that runs, as long as some process has it. */
function forgetSocket(cluster: string, port: number): void {
  for (const file of [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`]) rmSync(path.join(cluster, file), { force: true })
}

async function takeOwnership(url: string, folder: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'usher owner' })
  try {
    await client.connect()
  } catch (error) {
    throw new UsherError('DATABASE_NOT_STARTED', `The private PostgreSQL of ${folder} runs but refuses the password of `
      + `postgres.json beside it: ${error instanceof Error ? error.message : String(error)}`, {}, error)
  }
  // A killed owner's session may need a moment to end.
  for (let attempt = 0; attempt < 20; attempt++) {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [ownerLock])
    if (rows[0]?.mine) return client
    await sleep(100)
  }
  await client.end()
  throw new UsherError(
    'DATA_FOLDER_IN_USE',
    `Another Usher process uses ${folder}. Stop it, or set USHER_DATA to another folder.`,
  )
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database])
  if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`)
}

/**
 * Stops the server with this process, whichever way it ends in order. Where somebody else handles the signal, they
 * stop us after what still needs the database; alone, we do it ourselves.
 */
function stopWithProcess(cluster: string, owned: Owned): () => Promise<void> {
  let stopping: Promise<void> | undefined
  const atExit = () => signal(owned.running.pid, 'SIGINT')
  const onSignal = (name: NodeJS.Signals) => {
    if (process.listenerCount(name) > 1) return
    void stop().finally(() => process.kill(process.pid, name))
  }
  const stop = () => {
    stopping ??= (async () => {
      owned.stopping = true
      await owned.owner.end()
      await stopServer(cluster)
      process.off('exit', atExit).off('SIGTERM', onSignal).off('SIGINT', onSignal)
    })()
    return stopping
  }
  process.on('exit', atExit).on('SIGTERM', onSignal).on('SIGINT', onSignal)
  return stop
}

function trim(logFile: string): void {
  try {
    if (statSync(logFile).size > logBytesMax) truncateSync(logFile, 0)
    chmodSync(logFile, 0o600)
  } catch { /* not there yet */ }
}
