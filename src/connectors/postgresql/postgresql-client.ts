/** Connections: made when first needed, each with the settings that keep it safe. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Secrets } from '../connector.ts'
import type { Address, ConnectionConfig } from './postgresql-config.ts'
import { translate } from './postgresql-errors.ts'

export interface Connections {
  /** One connection, outside of a transaction. After an error it is closed. */
  alone<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>
  /** One transaction. `read` is repeatable and cannot write. */
  transaction<T>(mode: 'read' | 'write', work: (client: pg.ClientBase) => Promise<T>): Promise<T>
  /** A connection that the caller gives back by `release`; after an error with `true`. */
  connect(): Promise<pg.PoolClient>
  /** Has two connections, as many as a change uses, open and alive. */
  keepReady(): Promise<void>
  close(): Promise<void>
}

export const beginRead = 'begin isolation level repeatable read read only'

/**
 * Opens nothing yet. A reader's sessions are read-only by default, so not even a statement of ours that is
 * wrong writes.
 */
export function connections(config: ConnectionConfig, secrets: Secrets, half: 'reader' | 'writer'): Connections {
  let pool: Promise<pg.Pool> | undefined
  const open = async () => {
    pool ??= openPool(config, secrets, half)
    // A secret that could not be resolved may be stored by the time of the next call.
    pool.catch(() => { pool = undefined })
    return await pool
  }
  const connect = async () => await (await open()).connect()
  return {
    connect,
    async keepReady() {
      const answers = await Promise.allSettled(Array.from({ length: Math.min(2, config.parallel) }, async () => {
        const client = await connect()
        const failed = await client.query('select').then(() => undefined, (error: unknown) => ({ error }))
        client.release(failed !== undefined)
        if (failed !== undefined) throw failed.error
      }))
      for (const answer of answers) if (answer.status === 'rejected') throw translate(answer.reason)
    },
    async alone(work) {
      const client = await connect()
      let broken = true
      try {
        const result = await work(client)
        broken = false
        return result
      } finally {
        client.release(broken)
      }
    },
    async transaction(mode, work) {
      const client = await connect()
      let broken = true
      try {
        await client.query(mode === 'read' ? beginRead : 'begin')
        const result = await work(client).catch(async (error: unknown) => {
          await client.query('rollback').then(() => { broken = false }, () => {})
          throw error
        })
        await client.query('commit')
        broken = false
        return result
      } finally {
        client.release(broken)
      }
    },
    async close() {
      const opened = pool
      pool = undefined
      await (await opened?.catch(() => undefined))?.end()
    },
  }
}

/**
 * A query whose plan each connection keeps. Only for texts of which there are few: none that holds a name of a
 * table.
 */
export function prepared(text: string, values: unknown[]): { name: string; text: string; values: unknown[] } {
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 32), text, values }
}

async function openPool(config: ConnectionConfig, secrets: Secrets, half: 'reader' | 'writer'): Promise<pg.Pool> {
  const { user, password: reference } =
    half === 'reader' && config.reader ? config.reader : { ...target(config), ...config }
  const password = reference === undefined ? undefined : await secrets(reference)
  const { host, port, database } = target(config)
  const timeoutMs = config.timeoutSeconds * 1000
  const settings = [
    // Nothing that a user of the database defined may stand in for what we call.
    'set search_path = pg_catalog, pg_temp',
    'set client_min_messages = error',
    'set datestyle = iso',
    'set timezone = utc',
    `set statement_timeout = ${timeoutMs}`,
    `set lock_timeout = ${timeoutMs}`,
    ...half === 'reader' ? ['set default_transaction_read_only = on'] : [],
  ]
  const pool = new pg.Pool({
    host, port, database, user: user ?? target(config).user, password,
    ssl: config.ssl ? { ...config.ssl } : false,
    max: config.parallel,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + 5000,
    // Whoever opened it closes it; until then it may be needed at any moment.
    idleTimeoutMillis: 600_000,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: `usher ${half}`,
    onConnect: async (client) => { await client.query(settings.join('; ')) },
  })
  // A connection that breaks while nobody waits for an answer is replaced at the next call; that is no reason to end
  // the process.
  pool.on('error', () => {}).on('connect', (client) => { client.on('error', () => {}) })
  return pool
}

/** Where the configuration leads to, however it is written. */
export function target(config: Address): { host: string; port: number; database: string; user: string } {
  if (config.url === undefined) {
    return {
      host: config.host ?? '',
      port: config.port ?? 5432,
      database: config.database ?? '',
      user: config.user ?? '',
    }
  }
  const url = new URL(config.url)
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
  }
}
