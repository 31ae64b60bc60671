/** The pool, transactions and migrations. Everything that speaks SQL receives a `Db` and never makes one. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { UsherError } from '../domain/errors.ts'

/** Something that answers queries: the pool, or one connection inside a transaction. */
export type Db = pg.Pool | pg.PoolClient
export type Pool = pg.Pool
export type Client = pg.PoolClient

// Instants leave the database as ISO text, as everywhere else in Usher; bigint ids as text, as they are opaque.
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.TIMESTAMPTZ && format !== 'binary') return (text: string) => new Date(text).toISOString()
    if (oid === pg.types.builtins.DATE && format !== 'binary') return (text: string) => text
    return pg.types.getTypeParser(oid, format)
  },
} as pg.CustomTypesConfig

const migrationsFolder = path.join(import.meta.dirname, '../../sql')

/** The server gives up on a machine that went silent within eight seconds, and with it the locks that it held. */
const noticeLostMachines = '-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2 -c tcp_user_timeout=8000'

/** What an organisation's people need fits in memory, so looking up by key costs hardly more than reading on: hence the page cost. */
export function connect(url: string, { settings = {}, ...options }: pg.PoolConfig & { settings?: Record<string, string | number> } = {}): Pool {
  const pool = new pg.Pool({
    connectionString: url, max: 20, types, application_name: 'usher',
    keepAlive: true, keepAliveInitialDelayMillis: 5000,
    options: `-c search_path=usher -c timezone=UTC -c jit=off -c random_page_cost=1.1 ${noticeLostMachines}${Object.entries(settings).map(([name, value]) => ` -c ${name}=${value}`).join('')}`, ...options,
  })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => { client.on('error', () => {}) })
  return pool
}

/**
 * Each statement is planned once by each connection and kept. For whoever asks the same few questions again and again and
 * cannot wait; the tables that they are about must not change under them.
 */
export function keepPlans(pool: Pool): void {
  const names = new Map<string, string>()
  const nameOf = (text: string): string => {
    const known = names.get(text) ?? `q${names.size}`
    names.set(text, known)
    return known
  }
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    const named = (text: unknown, values?: unknown, ...rest: unknown[]): unknown =>
      (typeof text === 'string' && Array.isArray(values) ? query({ name: nameOf(text), text, values }, ...rest) : query(text, values, ...rest))
    Object.assign(client, { query: named })
  })
}

const diskFull = '53100'
/** A server that starts, stops, takes no more connections, has no memory or no disk left, or may only be read for now. */
const serverAway = /^(57P0[1235]|08006|53...|58030|25006)$/
/** What the client library says of a connection that broke, or that could not be had in time. */
const brokenWords = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/
const brokenCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND']

/**
 * Whether a connection to the database broke or could not be made. Without its socket the private PostgreSQL does not run.
 * What a connector says of its own system's connection may be the same words.
 */
function isBroken(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof UsherError) return false
  const { code = '', syscall } = error as NodeJS.ErrnoException
  return brokenWords.test(error.message) || brokenCodes.includes(code) || (code === 'ENOENT' && syscall === 'connect')
}

/** Where the database cannot do what it is asked now, whatever that is: as an error with a code. */
export function databaseFault(error: unknown): UsherError | undefined {
  const code = error instanceof pg.DatabaseError ? error.code ?? '' : ''
  if (code === diskFull) return new UsherError('DATABASE_FULL', 'The disk of the database is full.', {}, error)
  return serverAway.test(code) || isBroken(error) ? new UsherError('DATABASE_UNREACHABLE', 'The database does not answer.', {}, error) : undefined
}

/** Runs `work` in one transaction on one connection. */
export async function transaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // The connection may be the very thing that failed.
    const alive = await client.query('rollback').then(() => true, () => false)
    client.release(!alive)
    throw error
  }
}

/**
 * The same where another transaction may write meanwhile what must be there once: as PostgreSQL lets only one of them, the other
 * begins anew and finds it there. `work` does nothing outside of the transaction.
 */
export async function contested<T>(pool: Pool, work: (client: Client) => Promise<T>, tries = 3): Promise<T> {
  const [uniqueViolation, deadlock] = ['23505', '40P01']
  try {
    return await transaction(pool, work)
  } catch (error) {
    if (tries === 1 || !(error instanceof pg.DatabaseError) || (error.code !== uniqueViolation && error.code !== deadlock)) throw error
    return await contested(pool, work, tries - 1)
  }
}

/** Whether PostgreSQL gave the work up for a cause that passes: a deadlock, or a connection that somebody closed. */
export function isPassing(error: unknown): boolean {
  return isBroken(error) || (error instanceof pg.DatabaseError && /^(08|40|57P)/.test(error.code ?? ''))
}

/** Runs `work`, which wants tables for itself, in a transaction; where others are at work on them, it is left. */
export async function unlessLocked(pool: Pool, work: (client: Client) => Promise<unknown>): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(`set local lock_timeout = '200ms'`)
    await work(client)
  }).catch((error: unknown) => {
    const lockNotAvailable = '55P03'
    if (!(error instanceof pg.DatabaseError) || error.code !== lockNotAvailable) throw error
  })
}

/** From here to its end the transaction looks up rows by their keys: no whole table is read for them, however little PostgreSQL has counted yet. */
export async function lookUpOnly(client: Client): Promise<void> {
  await client.query('set local enable_seqscan = off')
}

/** Names of statements, by their text. */
const names = new Map<string, string>()

/**
 * Runs `work` on a connection where PostgreSQL keeps the plan of each statement that has parameters, and questions that do
 * not wait for each other's answers (`together`) go out in one trip: for what is asked again and again of a few people,
 * where planning and waiting take longer than looking.
 */
export async function briskly<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  const connection: Client & { pipeline: boolean } = client
  connection.pipeline = true
  try {
    return await work(keepingPlans(client))
  } finally {
    connection.pipeline = false
  }
}

/** The same in one transaction. Its plans suit any values, so an optional parameter (`$1 is null or …`) must be a statement of its own. */
export async function briskTransaction<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  return await briskly(client, async (brisk) => {
    // Not waited for: what comes first in `work` goes out with it, and fails where it does.
    brisk.query('begin; set local plan_cache_mode = force_generic_plan; set local synchronous_commit = off').catch(() => {})
    try {
      const result = await work(brisk)
      await brisk.query('commit')
      return result
    } catch (error) {
      // What was sent before is answered before this is.
      await brisk.query('rollback').catch(() => {})
      throw error
    }
  })
}

type Answers<Q extends readonly (() => unknown)[]> = { -readonly [K in keyof Q]: Awaited<ReturnType<Q[K]>> }

/** Questions that do not wait for each other's answers: in one trip in a `briskTransaction`, in their order anywhere else. */
export async function together<Q extends readonly (() => unknown)[]>(db: Db, ...questions: Q): Promise<Answers<Q>> {
  if ('pipeline' in db && db.pipeline) {
    // Where one fails the others are waited for all the same: none may ask on once the transaction is rolled back.
    const asked = await Promise.allSettled(questions.map((ask) => ask()))
    return asked.map(valueOf) as Answers<Q>
  }
  const answers: unknown[] = []
  for (const ask of questions) answers.push(await ask())
  return answers as Answers<Q>
}

function valueOf(answer: PromiseSettledResult<unknown>): unknown {
  if (answer.status === 'rejected') throw answer.reason
  return answer.value
}

/** What is asked before anything is waited for goes out in one piece: each piece wakes the server. */
function inOnePiece({ stream }: { stream: Duplex }): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => { stream.uncork() })
}

function keepingPlans(client: Client & { connection: { stream: Duplex } }): Client {
  const query = (text: unknown, values?: unknown): unknown => {
    inOnePiece(client.connection)
    if (typeof text !== 'string' || !Array.isArray(values)) return client.query(text as string, values as unknown[])
    const name = names.get(text) ?? `usher-${names.size}`
    names.set(text, name)
    return client.query({ name, text, values })
  }
  return new Proxy(client, {
    get(target, property) {
      if (property === 'query') return query
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Runs `work` with one connection for itself, outside of any transaction; where it fails, the connection is closed with all that it held. */
export async function connected<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let ended = false
  try {
    const result = await work(client)
    ended = true
    return result
  } finally {
    client.release(!ended)
  }
}

/** Runs `work` in one transaction on a connection that the caller has. */
export async function withTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** Runs `work` in a transaction that is never kept. */
export async function rehearse<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    return await work(client)
  } finally {
    const alive = await client.query('rollback').then(() => true, () => false)
    client.release(!alive)
  }
}

/** Brings the schema to this version, or no further than the migration `last`. Safe to run from several processes at once. */
export async function migrate(pool: Pool, last?: string): Promise<string[]> {
  const client = await pool.connect()
  try {
    const { rows: [server] } = await client.query<{ version: number }>(`select current_setting('server_version_num')::int as version`)
    if (server!.version < 150000) throw new UsherError('INVALID_INPUT', 'Usher needs PostgreSQL 15 or newer.')
    await client.query(`select pg_advisory_lock(hashtext('usher migrations'))`)
    await client.query('create schema if not exists usher')
    await client.query('create table if not exists usher.migration (name text primary key, digest text not null, applied_at timestamptz not null default now())')
    const { rows } = await client.query<{ name: string, digest: string }>('select name, digest from usher.migration')
    const known = new Map(rows.map((r) => [r.name, r.digest]))
    const applied: string[] = []
    for (const name of (await readdir(migrationsFolder)).filter((f) => /^\d{4}-.*\.sql$/.test(f)).sort()) {
      if (last !== undefined && name > last) break
      const sql = await readFile(path.join(migrationsFolder, name), 'utf8')
      const digest = createHash('sha256').update(sql).digest('hex')
      if (known.has(name)) {
        if (known.get(name) !== digest) throw new UsherError('INTERNAL', `Migration ${name} was changed after it had been applied.`)
        continue
      }
      await client.query(`begin;\n${sql};\ninsert into usher.migration (name, digest) values ('${name}', '${digest}');\ncommit;`)
      applied.push(name)
    }
    return applied
  } finally {
    await client.query(`rollback`).catch(() => {})
    await client.query(`select pg_advisory_unlock_all()`).catch(() => {})
    client.release()
  }
}
