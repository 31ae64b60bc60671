/**
 * A backup is everything that Usher knows, as one gzipped file that does not depend on PostgreSQL's version. It is taken
 * while Usher runs, from one snapshot, and restored into an empty database. The queue is not in it: it names plans only,
 * and unfinished ones are taken up at the start. Master key and signing key are not in the database, so not in it either.
 *
 * The file: a line of JSON that heads it; for each table a line of JSON and chunks of COPY text, each with its length in
 * front and the last of length 0; a line that ends it. Without that line it was cut off, and nothing of it is used.
 */
import type { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { UsherError } from '../domain/errors.ts'
import { migrate, transaction, type Client, type Db, type Pool } from './database.ts'

interface Table { name: string; columns: string[] }
interface Head { usher: 'backup'; version: 1; madeAt: string; migrations: string[]; sequences: Record<string, string> }
interface End { end: true; tables: number }

export interface BackupReport { tables: number; rows: number }

const migrationTable = 'usher.migration'
const recordTable = 'usher.snapshot_record'

/** Writes all of the database, as it is at one moment, to `out`. */
export async function backup(pool: Pool, out: Writable, now: string): Promise<BackupReport> {
  const client = await pool.connect()
  const gzip = createGzip({ level: 1 })
  const written = pipeline(gzip, out)
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    const tables = await tablesOf(client)
    await write(gzip, line({
      usher: 'backup', version: 1, madeAt: now, migrations: await migrationsOf(client), sequences: await sequencesOf(client),
    } satisfies Head))
    let rows = 0
    for (const { name, columns } of tables) {
      await write(gzip, line({ name, columns } satisfies Table))
      const copy = client.query(copyTo(`copy (select ${columns.map(pg.escapeIdentifier).join(', ')} from ${name}) to stdout`))
      for await (const chunk of copy as AsyncIterable<Buffer>) await write(gzip, Buffer.concat([length(chunk.length), chunk]))
      await write(gzip, length(0))
      rows += copy.rowCount ?? 0
    }
    await write(gzip, line({ end: true, tables: tables.length } satisfies End))
    await client.query('commit')
    gzip.end()
    await written
    return { tables: tables.length, rows }
  } catch (error) {
    gzip.destroy()
    await written.catch(() => {})
    throw error
  } finally {
    // Whatever state the connection is in: it is not used again.
    client.release(true)
  }
}

/** Fills an empty database from a backup: all of it, or nothing. Then brings the schema to this version. */
export async function restore(pool: Pool, input: Readable): Promise<BackupReport & { madeAt: string }> {
  const read = reader(input)
  const head = await headOf(read)
  await migrate(pool, head.migrations.at(-1))
  const report = await transaction(pool, async (client) => {
    const there = await migrationsOf(client)
    if (there.join() !== head.migrations.join()) {
      throw new UsherError('INVALID_INPUT', `The backup was made with the schema ${head.migrations.at(-1)}, and this Usher has ${there.at(-1)}. Restore it with an Usher as new as that.`)
    }
    const tables = new Map((await tablesOf(client)).map((table) => [table.name, table]))
    for (const { name } of tables.values()) await assertEmpty(client, name)
    let rows = 0
    for (;;) {
      const next = JSON.parse(await read.line()) as Table | End
      if ('end' in next) {
        for (const [name, value] of Object.entries(head.sequences)) await client.query('select setval($1::regclass, $2::bigint)', [name, value])
        return { tables: next.tables, rows }
      }
      if (!tables.has(next.name)) throw new UsherError('INVALID_INPUT', `The backup has the table ${next.name}, which this Usher does not know.`)
      rows += await load(client, next, read)
    }
  })
  await migrate(pool)
  return { ...report, madeAt: head.madeAt }
}

async function load(client: Client, table: Table, read: Reader): Promise<number> {
  if (table.name === recordTable) await makePartition(client)
  // What a table's rows make of others is in the backup itself.
  await client.query(`alter table ${table.name} disable trigger user`)
  const copy = client.query(copyFrom(`copy ${table.name} (${table.columns.map(pg.escapeIdentifier).join(', ')}) from stdin`))
  const done = finished(copy)
  done.catch(() => {})
  try {
    for (let chunk = await read.chunk(); chunk.length > 0; chunk = await read.chunk()) await write(copy, chunk)
  } catch (error) {
    copy.destroy()
    throw error
  }
  copy.end()
  await done
  await client.query(`alter table ${table.name} enable trigger user`)
  return copy.rowCount ?? 0
}

/** In a database that runs, each snapshot has a table of its own; those of a backup share one. */
async function makePartition(client: Client): Promise<void> {
  const { rows: [there] } = await client.query<{ ids: string | null; parted: boolean }>(
    `select (select string_agg(quote_literal(id), ', ') from usher.snapshot) as ids,
            exists (select from pg_partitioned_table where partrelid = $1::regclass) as parted`, [recordTable])
  if (!there!.parted || there!.ids === null) return
  await client.query(`create table ${recordTable}_restored partition of ${recordTable} for values in (${there!.ids})`)
  await client.query(`create index on ${recordTable}_restored (snapshot_id, key); create index on ${recordTable}_restored (person_id) where person_id is not null`)
}

/** Tables of Usher, each after those that it refers to. */
async function tablesOf(db: Db): Promise<Table[]> {
  const { rows } = await db.query<{ name: string; columns: string[]; refers: string[] }>(
    `select format('%I.%I', n.nspname, c.relname) as name,
            (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
            array(select format('%I.%I', fn.nspname, f.relname) from pg_constraint k
                    join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
                   where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid
                  union all select 'usher.snapshot' where format('%I.%I', n.nspname, c.relname) = $2) as refers
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('usher', 'auth') and c.relkind in ('r', 'p') and not c.relispartition and format('%I.%I', n.nspname, c.relname) <> $1
      order by 1`, [migrationTable, recordTable])
  const ordered: Table[] = []
  const left = new Map(rows.map((row) => [row.name, row]))
  while (left.size > 0) {
    const free = [...left.values()].filter((row) => row.refers.every((name) => !left.has(name)))
    if (free.length === 0) throw new UsherError('INTERNAL', `Tables that refer to each other cannot be ordered: ${[...left.keys()].join(', ')}.`)
    for (const { name, columns } of free) {
      ordered.push({ name, columns })
      left.delete(name)
    }
  }
  return ordered
}

async function migrationsOf(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(`select name from ${migrationTable} order by name`)
  return rows.map((row) => row.name)
}

/** Counters that were used, so that no number is given twice. */
async function sequencesOf(db: Db): Promise<Record<string, string>> {
  const { rows } = await db.query<{ name: string; value: string }>(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::text as value
       from pg_sequences where schemaname in ('usher', 'auth') and last_value is not null`)
  return Object.fromEntries(rows.map((row) => [row.name, row.value]))
}

async function assertEmpty(client: Client, table: string): Promise<void> {
  const { rows } = await client.query<{ used: boolean }>(`select exists (select from ${table}) as used`)
  if (rows[0]?.used) throw new UsherError('CONFLICT', `The database is not empty: ${table} holds rows. Restore into a new one.`)
}

interface Reader {
  line(): Promise<string>
  /** The next chunk; an empty one ends a table. */
  chunk(): Promise<Buffer>
}

async function headOf(read: Reader): Promise<Head> {
  const text = await read.line()
  const head = text.startsWith('{"usher":"backup"') ? JSON.parse(text) as Head : undefined
  if (head === undefined) throw new UsherError('INVALID_INPUT', 'The file is not a backup of Usher.')
  if (head.version !== 1) throw new UsherError('INVALID_INPUT', `The backup has version ${head.version}; this Usher reads version 1.`)
  return head
}

function reader(input: Readable): Reader {
  const gunzip = createGunzip()
  // A failure shows where it is read.
  input.on('error', (error) => gunzip.destroy(error))
  const chunks = input.pipe(gunzip)[Symbol.asyncIterator]()
  let kept: Buffer = Buffer.alloc(0)

  async function fill(): Promise<void> {
    const next = await chunks.next().catch((error: unknown) => { throw cut(error) })
    if (next.done) throw cut()
    kept = kept.length === 0 ? next.value as Buffer : Buffer.concat([kept, next.value as Buffer])
  }
  async function take(size: number): Promise<Buffer> {
    while (kept.length < size) await fill()
    const taken = kept.subarray(0, size)
    kept = kept.subarray(size)
    return taken
  }
  return {
    async line() {
      let end = kept.indexOf(10)
      for (; end < 0; end = kept.indexOf(10)) await fill()
      return (await take(end + 1)).toString('utf8')
    },
    async chunk() {
      return await take((await take(4)).readUInt32BE())
    },
  }
}

function cut(cause?: unknown): UsherError {
  return new UsherError('INVALID_INPUT', 'The backup ends in the middle or is damaged. Nothing was restored.', {}, cause)
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

function length(size: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(size)
  return bytes
}

/** Waits where the other side is slower, and no longer than it lives. */
async function write(stream: Writable, bytes: Buffer): Promise<void> {
  if (stream.destroyed) throw stream.errored ?? new Error('the stream is closed')
  await new Promise<void>((resolve, reject) => { stream.write(bytes, (error) => (error ? reject(error) : resolve())) })
}
