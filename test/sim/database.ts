/** The simulator's PostgreSQL: one server, one database that is emptied between seeds, and pools whose queries go through the door. */
import { existsSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import process from 'node:process'
import pg from 'pg'
import { connect, migrate, type Client, type Pool } from '../../src/store/database.ts'
import { startPostgres } from '../servers/postgresql.ts'
import type { Door } from './gate.ts'
import { onKeptTables } from './temporary.ts'

/** How the queries of one life of the process go through the gate. */
export interface Way {
  door: Door
  /** This step finds its connection cut. */
  broken(): boolean
  lost(): void
}

export interface SimDatabase {
  /** Looks in from outside, past the door. */
  watch: Pool
  /** As it was made. */
  empty(): Promise<void>
  isBlocked(backend: number): Promise<boolean>
  /** Usher's pool for the next seed. Connections outlive a seed that ended well: what a new one must learn first costs more than most of its queries. */
  enter(way: Way): Pool
  /** Takes from every connection but the watcher's what it holds, as the death of a process does. */
  cutAll(): Promise<void>
  close(): Promise<void>
}

/** Nothing here outlives the server, and everything is small. */
const settings = {
  autovacuum: 'off', scram_iterations: '1', shared_buffers: '64MB', max_wal_size: '1GB', checkpoint_timeout: '1h', wal_level: 'minimal', max_wal_senders: '0',
  unix_socket_directories: '.', io_method: 'sync', jit: 'off', max_parallel_workers_per_gather: '0', update_process_title: 'off',
}
/** A file system in memory, where there is one with room: temporary tables are files. */
const inMemory = '/dev/shm'
const roomMin = 3 * 2 ** 30

function isRoomy(folder: string): boolean {
  if (!existsSync(folder)) return false
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize > roomMin
}

/** What was deleted is cleared away now and then: each time all plans about those tables must be made anew. */
const seedsPerVacuum = 16

export interface SimServer { url: string; stop(): Promise<void> }

export async function startSimServer(): Promise<SimServer> {
  const server = await startPostgres({ settings, ...(isRoomy(inMemory) ? { inside: inMemory } : {}) })
  const admin = connect(server.url, { max: 1 })
  await admin.query('create database sim_template')
  await admin.query(`create role sim superuser login password 'sim'`)
  await admin.end()
  const template = connect(server.urlFor('sim_template'), { max: 1 })
  await migrate(template)
  await template.end()
  return { url: `${server.url}?host=${encodeURIComponent(path.join(path.dirname(server.logFile), 'cluster'))}`, stop: () => server.stop() }
}

/** A database of its own on the server, for one process of the simulation, in place of the one that a process before it left. */
export async function openDatabase(serverUrl: string, name: string): Promise<SimDatabase> {
  const admin = connect(serverUrl, { max: 1 })
  await admin.query(`drop database if exists ${name} with (force)`)
  await admin.query(`create database ${name} template sim_template`)
  await admin.end()
  const address = new URL(serverUrl)
  Object.assign(address, { pathname: `/${name}`, username: 'sim', password: 'sim' })
  const url = address.toString()
  const watch = connect(url, { max: 2, application_name: 'watch', settings: { plan_cache_mode: 'force_generic_plan' } })
  planOnce(watch)
  const { rows: tables } = await watch.query<{ name: string }>(
    `select format('%I', tablename) as name from pg_tables where schemaname = 'usher' and tablename <> 'migration'`)
  const { rows: filled } = await watch.query<{ name: string; n: number }>(
    tables.map(({ name: table }) => `select '${table}' as name, count(*)::int as n from ${table}`).join(' union all '))
  const kept = new Set(filled.filter((t) => t.n > 0).map((t) => t.name))
  const list = tables.map((t) => t.name).filter((t) => !kept.has(t))
  const { rows: sequences } = await watch.query<{ name: string }>(`select quote_ident(sequencename) as name from pg_sequences where schemaname = 'usher'`)
  // Much cheaper than truncating: hardly any row is there, and now and then vacuum gives the pages back.
  const empty = `begin; do $$ declare part regclass; begin for part in select inhrelid from pg_inherits where inhparent = 'snapshot_record'::regclass loop execute format('drop table %s', part); end loop; end $$;
    set local session_replication_role = replica; ${list.map((t) => `delete from ${t};`).join(' ')}
    ${sequences.map((q) => `select setval('${q.name}', 1, false);`).join(' ')} commit`
  let emptied = 0
  let usher: Life | null = null
  const spare: Client[] = []
  return {
    watch,
    async empty() {
      await watch.query(empty)
      if (++emptied % seedsPerVacuum !== 0) return
      await watch.query(`vacuum ${list.join(', ')}`)
      // It grows by every snapshot.
      await watch.query('vacuum pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_type, pg_catalog.pg_depend, pg_catalog.pg_index, pg_catalog.pg_statistic, pg_catalog.pg_constraint')
      for (const client of [...usher?.clients ?? [], ...spare]) await ungated(client, 'discard temp')
    },
    async isBlocked(backend) {
      const { rows } = await watch.query(`select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`, [backend])
      return rows.length > 0
    },
    enter(way) {
      if (usher === null) {
        usher = openLife(url, watch, spare, way)
      }
      usher.way = way
      return usher.pool
    },
    async cutAll() {
      const dead = [...usher?.clients ?? [], ...spare.splice(0)]
      usher = null
      spare.push(...(await Promise.all(dead.map((client) => forget(watch, client)))).filter((client) => client !== null))
    },
    async close() {
      await Promise.all([...usher?.clients ?? [], ...spare].map((client) => leave(client).end()))
      await watch.end()
    },
  }
}

/** One life of Usher's process, as far as the database sees it. */
interface Life { pool: Pool; clients: Set<Client>; way: Way }

/** `spare`: connections that are there already. */
function openLife(url: string, watch: Pool, spare: Client[], way: Way): Life {
  class Given {
    constructor(config: pg.ClientConfig) {
      return spare.pop() ?? new pg.Client(config) as never
    }
  }
  const pool = connect(url, { max: 40, idleTimeoutMillis: 0, settings: { plan_cache_mode: 'force_generic_plan' }, Client: Given as never })
  const life: Life = { pool, clients: new Set(), way }
  gatePool(watch, life)
  return life
}

/** Asks past the door. */
async function ungated(client: Client, text: string): Promise<void> {
  await (pg.Client.prototype.query as Query).call(client, text)
}

/** Takes a client out of its pool and away from the door. */
function leave(client: Client): Client {
  const own = client as Partial<Client>
  delete own.query
  delete own.end
  ;(client as unknown as { pipeline: boolean }).pipeline = false
  return client.removeAllListeners().on('error', () => {})
}

/**
 * Does to a dead process's connection what its end would have done, but for its plans and temporary tables: what a new one must
 * learn first costs more than most of its queries. Null: it was waiting for something, and is ended.
 */
async function forget(watch: Pool, client: Client): Promise<Client | null> {
  const { processID, readyForQuery } = client as unknown as { processID: number; readyForQuery: boolean }
  try {
    if (readyForQuery) await leave(client).query('rollback; select pg_advisory_unlock_all(); reset all')
    client.connect = ((callback: (error: null) => void) => process.nextTick(callback, null)) as typeof client.connect
    if (readyForQuery) return client
  } catch { /* It was cut before. */ }
  while ((await watch.query('select pg_terminate_backend(pid) from pg_stat_activity where pid = $1', [processID])).rows.length > 0) { /* It takes a moment. */ }
  return null
}

/** Makes a pool like the one that Usher has ask at the door. */
function gatePool(watch: Pool, usher: Life): void {
  const { pool, clients } = usher
  pool.on('connect', (client) => {
    clients.add(client)
    gateClient(watch, client, () => usher.way)
  })
  pool.on('remove', (client) => { clients.delete(client) })
  const open = pool.connect.bind(pool) as (...args: unknown[]) => unknown
  // A new connection takes its time; nothing else happens meanwhile.
  pool.connect = ((callback?: (error: Error | undefined, client: Client | undefined, done: (release?: unknown) => void) => void) => {
    const { door } = usher.way
    if (!door.isAlive()) return new Promise(() => {})
    const release = door.hold()
    if (callback === undefined) return (open() as Promise<Client>).finally(release)
    return open((error: Error | undefined, client: Client | undefined, done: (release?: unknown) => void) => {
      release()
      callback(error, client, done)
    })
  }) as typeof pool.connect
}

/** Each connection of a pool plans a question once. */
function planOnce(pool: Pool): void {
  const ask = pool.query.bind(pool) as unknown as Query
  pool.query = ((text: string, values?: unknown[]) => ask(text.startsWith('select') ? planned(text, values ?? []) : text)) as unknown as typeof pool.query
}

interface Question { text: string; values?: unknown[] | undefined }
const noRows: pg.QueryResult = { command: '', rowCount: 0, oid: 0, fields: [], rows: [] }

type Query = (query: string | pg.QueryConfig, values?: unknown[]) => Promise<pg.QueryResult>

/** Names of statements, by their text: each connection plans each of them once. */
const names = new Map<string, string>()

function planned(text: string, values: unknown[]): pg.QueryConfig {
  const name = names.get(text) ?? `sim-${names.size}`
  names.set(text, name)
  return { name, text, values }
}

function gateClient(watch: Pool, client: Client, way: () => Way): void {
  const backend = (client as unknown as { processID: number }).processID
  const send = client.query.bind(client) as unknown as Query
  let last: Promise<unknown> = Promise.resolve()
  const ask = async ({ text, values }: Question): Promise<pg.QueryResult> => {
    let answer = noRows
    for (const part of onKeptTables(text)) answer = await send(values === undefined ? part : planned(part, values))
    return answer
  }
  const query = (text: unknown, values?: unknown, callback?: unknown): unknown => {
    if (typeof text === 'object' && text !== null && 'submit' in text) return gathered(text as unknown as Writable, way().door, backend, () => send(text as never))
    const asked = typeof text === 'string' ? { text, values: Array.isArray(values) ? values : undefined } : text as Question
    const answer = (typeof values === 'function' ? values : callback) as ((error: Error | null, result?: pg.QueryResult) => void) | undefined
    // One connection answers in the order in which it was asked, also where answers are not waited for.
    const { door, broken, lost } = way()
    const result = last.then(() => door.step(asked.text.trim().slice(0, 60), async () => {
      if (broken()) {
        lost()
        await watch.query('select pg_terminate_backend($1)', [backend])
      }
      return await ask(asked)
    }, backend))
    last = result.catch(() => {})
    if (answer === undefined) return result
    result.then((rows) => answer(null, rows), (error: Error) => answer(error))
    return undefined
  }
  client.query = query as typeof client.query
  const end = client.end.bind(client) as () => Promise<void>
  // What a connection holds is given back when its backend is gone, not when its end was asked for.
  const endWhole = async (): Promise<void> => {
    const { door } = way()
    const release = door.hold()
    try {
      await end()
      while (door.isAlive() && (await watch.query('select from pg_stat_activity where pid = $1', [backend])).rows.length > 0) { /* It takes a moment. */ }
    } finally {
      release()
    }
  }
  client.end = ((callback?: () => void) => {
    const ended = endWhole()
    if (callback === undefined) return ended
    void ended.then(callback, callback)
    return undefined
  }) as typeof client.end
}

/** Rows that are poured in are one step: gathered first, then sent. */
function gathered(copy: Writable & { text?: string }, door: Door, backend: number, send: () => unknown): Writable {
  const chunks: Buffer[] = []
  return new Writable({
    write(chunk: Buffer | string, _, done) {
      chunks.push(Buffer.from(chunk as string))
      done()
    },
    final(done) {
      door.step('copy', async () => {
        send()
        copy.end(Buffer.concat(chunks))
        await finished(copy)
      }, backend).then(() => done(), done)
    },
  })
}
