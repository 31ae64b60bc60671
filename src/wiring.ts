/** Puts Usher together: database, keys, connectors, engine, worker, HTTP. The only place that knows all parts. */
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { availableParallelism, setPriority } from 'node:os'
import path from 'node:path'
import { makeWorkerUtils, Logger, type WorkerUtils } from 'graphile-worker'
import { pino } from 'pino'
import { createAuth, type Auth } from './api/auth.ts'
import { buildServer } from './api/server.ts'
import { fileConnector } from './connectors/file/file-connector.ts'
import { ldapConnector } from './connectors/ldap/ldap-connector.ts'
import { postgresqlConnector } from './connectors/postgresql/postgresql-connector.ts'
import { postgresqlQueryConnector } from './connectors/postgresql/postgresql-query.ts'
import type { ConnectorDefinition } from './connectors/connector.ts'
import { UsherError } from './domain/errors.ts'
import type { Context } from './engine/context.ts'
import { createEngine } from './engine/create-engine.ts'
import type { Engine } from './engine/engine.ts'
import { openAuditSealer, type AuditSealer } from './engine/audit-sealer.ts'
import { startLane } from './engine/leaver-lane.ts'
import { openSecrets } from './engine/secrets.ts'
import { startWorker, type Worker } from './engine/worker.ts'
import { connect, keepPlans, migrate, type Pool } from './store/database.ts'
import { ensurePolicy } from './store/policy.ts'
import { startPrivatePostgres } from './store/private-postgres.ts'
import { startThread } from './threads.ts'

export interface Settings {
  /** Folder for everything that is not in the database: keys, uploaded files, the private PostgreSQL. */
  dataFolder: string
  /** Absent: the private PostgreSQL in the data folder. */
  databaseUrl?: string
  port: number
  host: string
  /** As people reach Usher. */
  baseUrl: string
  logLevel: string
}

export interface Usher {
  context: Context
  engine: Engine
  auth: Auth
  audit: AuditSealer
  dataFolder: string
  /** What other threads open; null where connectors are only in this thread. */
  threads: OpenDatabase | null
  close(): Promise<void>
}

/** A database that was opened and migrated, and all that it takes to open it once more. */
export interface OpenDatabase {
  databaseUrl: string
  dataFolder: string
  logLevel: string
  /** It is the private PostgreSQL, on this machine. */
  isPrivate: boolean
}

/** The niceness of what stands back for leavers and people who wait. */
export const patient = 10

export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  const port = Number(env['PORT'] || 7070)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsherError('INVALID_INPUT', `PORT is "${env['PORT']}"; it has to be a number up to 65535.`)
  const host = env['HOST'] ?? '127.0.0.1'
  return {
    dataFolder: path.resolve(env['USHER_DATA'] ?? 'data'),
    ...(env['DATABASE_URL'] === undefined || env['DATABASE_URL'] === '' ? {} : { databaseUrl: env['DATABASE_URL'] }),
    port, host, baseUrl: env['USHER_URL'] ?? `http://localhost:${port}`, logLevel: env['LOG_LEVEL'] ?? 'warn',
  }
}

export const connectors = [fileConnector, ldapConnector, postgresqlConnector, postgresqlQueryConnector] as ConnectorDefinition[]

/** Opens the database, brings it to this version, and makes the engine. Nothing runs yet. */
export async function openUsher(settings: Settings, extraConnectors: ConnectorDefinition[] = []): Promise<Usher> {
  const log = openLog(settings.logLevel)
  const { dataFolder } = settings
  await mkdir(dataFolder, { recursive: true })
  const plain = { info: (message: string) => log.info(message), warn: (message: string) => log.warn(message) }
  const own = settings.databaseUrl === undefined ? await startPrivatePostgres(dataFolder, plain) : null
  const databaseUrl = settings.databaseUrl ?? own!.url
  const pool = connect(databaseUrl)
  try {
    await migrate(pool)
    const now = (): string => new Date().toISOString()
    await ensurePolicy(pool, now())
    const vault = await openSecrets({ pool, dataFolder, now })
    const audit = await openAuditSealer({ pool, dataFolder, now })
    const { context, release } = await makeContext({ pool, log, dataFolder, vault, now }, extraConnectors)
    const engine = createEngine(context)
    const auth = createAuth({ pool, databaseUrl, baseUrl: settings.baseUrl, secret: vault.derive('session cookies').toString('base64'), now })
    return {
      context, engine, auth, audit, dataFolder,
      threads: extraConnectors.length > 0 ? null : { databaseUrl, dataFolder, logLevel: settings.logLevel, isPrivate: own !== null },
      async close() {
        await release()
        await auth.close()
        await pool.end()
        await own?.stop()
      },
    }
  } catch (error) {
    await pool.end()
    await own?.stop()
    throw error
  }
}

/** The same context again on connections of its own, for a thread beside the one that opened the database. */
export async function openContext(
  { databaseUrl, dataFolder, logLevel, isPrivate }: OpenDatabase, { standsBack = false } = {},
): Promise<{ context: Context; close(): Promise<void> }> {
  // A fresh connection is slow at first, and leavers come seldom: theirs stay open for longer.
  const pool = standsBack ? connect(databaseUrl, { settings: leaveTwoCores }) : connect(databaseUrl, { settings: ofFewPeople, idleTimeoutMillis: 0 })
  if (standsBack && isPrivate) letStandBack(pool)
  if (!standsBack) keepPlans(pool)
  const now = (): string => new Date().toISOString()
  const vault = await openSecrets({ pool, dataFolder, now })
  const { context, release } = await makeContext({ pool, log: openLog(logLevel), dataFolder, vault, now }, [])
  return {
    context,
    async close() {
      await release()
      await pool.end()
    },
  }
}

async function makeContext(
  { pool, log, dataFolder, vault, now }: Pick<Context, 'pool' | 'log' | 'now'> & { dataFolder: string; vault: Awaited<ReturnType<typeof openSecrets>> }, extraConnectors: ConnectorDefinition[],
): Promise<{ context: Context; release(): Promise<void> }> {
  const queue: WorkerUtils = await makeWorkerUtils({ pgPool: pool, logger: new Logger(() => () => {}) })
  await queue.migrate()
  const context: Context = {
    pool, log, now, newId: randomUUID,
    connectors: [...connectors, ...extraConnectors],
    secrets: vault.resolve,
    vault,
    filesFolder: path.join(dataFolder, 'files'),
    async enqueue(task, planId, at) {
      await queue.addJob(task, { planId }, { jobKey: `${task} ${planId}`, maxAttempts: 3, ...(at === undefined ? {} : { runAt: new Date(at) }) })
    },
  }
  return { context, release: async () => { await queue.release() } }
}

/** What PostgreSQL does at the same time for one question of a plan. */
const leaveTwoCores = { max_parallel_workers_per_gather: Math.max(0, Math.min(2, availableParallelism() - 2)) }

/**
 * For questions that are about few people always: planned once for any of them, and by keys also where statistics say that
 * nearly all rows of a table are of one plan.
 */
const ofFewPeople = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', max_parallel_workers_per_gather: 0 }

/** The processes of the private PostgreSQL that work for this pool stand back, too, where Usher may say so. */
function letStandBack(pool: Pool): void {
  pool.on('connect', (client) => {
    const { processID } = client as { processID?: number | null }
    if (!processID) return
    try {
      setPriority(processID, patient)
    } catch {
      // It is another user's, or has ended.
    }
  })
}

function openLog(level: string): pino.Logger {
  return pino({ level, redact: ['err.details', 'err.detail', 'err.where'] }, pino.destination(2))
}

/** A worker for plans, and the lane of the leavers beside it. */
export async function startWork({ context, audit, threads }: Usher): Promise<Worker> {
  const lane = threads === null ? startLane(context) : await startThread('./lane-thread.ts', 'of the leavers', threads, context.log)
  const worker = threads === null ? await startWorker(context, () => audit.seal()) : await startThread('./work-thread.ts', 'of the plans', threads, context.log)
  return {
    async stop() {
      await lane.stop()
      await worker.stop()
    },
  }
}

export async function startServer(usher: Usher, settings: Settings, options: { version: string; webFolder?: string }): Promise<{ close(): Promise<void> }> {
  const { context, engine, auth, audit } = usher
  const app = await buildServer({ context, engine, auth, auditKeys: audit.keys, ...options, trustProxy: process.env['USHER_TRUST_PROXY'] === 'true' })
  await app.listen({ port: settings.port, host: settings.host }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw new UsherError('PORT_IN_USE', `Usher cannot listen at ${settings.host}:${settings.port}: the port is in use.`)
    throw error
  })
  return app
}
