/** Snapshots: one read of a source for one job, its rows, and the rows that were set aside. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { SourceShape } from '../connectors/connector.ts'
import { copyEnd, copyStart } from './copy.ts'
import { unlessLocked, type Client, type Db, type Pool } from './database.ts'

export interface SetAside {
  key: string | null
  row: number
  address: string
  column: string | null
  value: string | null
  code: string
  expected: string
}

export interface NewSnapshot {
  id: string
  jobId: string
  systemId: string
  revision: number
  readAt: string
}

export interface SnapshotEnd {
  state: 'complete' | 'incomplete'
  shape: SourceShape | null
  rows: number
  setAside: number
  digest: string | null
  /** Names for cells that are stored as an array. */
  columns: string[] | null
  code: string | null
  because: string | null
}

/** What the mapping made of the row `s`, as `domain/map-row.ts` has it. */
export const mappedOf = `jsonb_build_object('attributes', s.attributes, 'position', (s.positions -> 0) - 'key' - 'job')
  || case when s.keep is null then '{}' else jsonb_build_object('keep', s.keep) end`

/** The cells of the accepted row `r` by name: its own, or those of the snapshot that it came with. */
export const cellsOfRecord = `(
  select row_cells(coalesce(r.cells, (select a.cells::json from snapshot_record a where a.snapshot_id = r.snapshot_id and a.person_id = r.person_id)), h.columns)
    from snapshot h where h.id = r.snapshot_id)`

export async function insertSnapshot(db: Db, s: NewSnapshot): Promise<void> {
  await db.query(`insert into snapshot (id, job_id, system_id, policy_revision, read_at) values ($1, $2, $3, $4, $5)`,
    [s.id, s.jobId, s.systemId, s.revision, s.readAt])
}

export async function endSnapshot(db: Db, id: string, end: SnapshotEnd): Promise<void> {
  // The sample is for the screen beside a mapping; people's values need no second home.
  const shape = end.shape === null ? null : JSON.stringify({ ...end.shape, sample: [] })
  await db.query(
    `update snapshot set state = $2, shape = $3, rows = $4, set_aside = $5, digest = $6, code = $7, because = $8, columns = $9 where id = $1`,
    [id, end.state, shape, end.rows, end.setAside, end.digest, end.code, end.because, end.columns])
}

/** The table with the rows of a snapshot. Who asks for the rows of one job's latest read asks this, of which PostgreSQL knows more. */
export function tableOf(snapshotId: string): string {
  if (!/^[0-9a-f-]{36}$/.test(snapshotId)) throw new Error('A snapshot id is an uuid.')
  return `snapshot_record_${snapshotId.replaceAll('-', '')}`
}

const copied = 'key, position_key, row, person_id, dates, cells, attributes, positions, keep, hash'
export const copiedFields = copied.split(', ').length

/**
 * Makes the table of a snapshot and fills it with `BinaryRows`: key, position key, row, id of a new
 * person, dates, cells, attributes, positions, keep, hash. It takes part in nothing before `attachRecords`.
 */
export async function copyRecords(client: Client, snapshotId: string, rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const table = tableOf(snapshotId)
  // Written once and hardly ever changed: there is nothing to clean up in it.
  await client.query(
    `create table ${table} (like snapshot_record including defaults, check (snapshot_id = '${snapshotId}')) with (autovacuum_enabled = off);
     alter table ${table} alter snapshot_id set default '${snapshotId}'`)
  // What is written goes to the disk little by little, so that the end of the transaction need not wait for all of it.
  await client.query(`set local backend_flush_after = '1MB'`)
  // Made in this transaction, so its rows need no log of their own where wal_level is minimal, and are frozen at once.
  await pipeline(Readable.from(framed(rows), { objectMode: false, highWaterMark: 1 << 20 }), client.query(copyFrom(
    `copy ${table} (${copied}) from stdin with (format binary, freeze)`)))
}

async function* framed(rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield copyStart
  yield* rows
  yield copyEnd
}

/** The rows of a snapshot that may be one of a version which kept all of them in one table. */
export async function rowsOf(db: Db, snapshotId: string): Promise<string> {
  const { rows: [there] } = await db.query<{ own: boolean }>('select to_regclass($1) is not null as own', [tableOf(snapshotId)])
  return there!.own ? tableOf(snapshotId) : `(select * from snapshot_record where snapshot_id = '${snapshotId}')`
}

/** Indexes a snapshot's table, and makes it one of those that `snapshot_record` consists of. */
export async function attachRecords(client: Client, snapshotId: string): Promise<void> {
  const table = tableOf(snapshotId)
  await client.query(`set local maintenance_work_mem = '128MB'`)
  await client.query(`create index on ${table} (person_id) where person_id is not null`)
  // Just loaded, nothing is known of the table, and every join over it would be planned for a handful of rows. A small sample tells.
  await client.query('set local default_statistics_target = 10')
  await client.query(`analyze ${table} (key, position_key, row, dates, person_id)`)
  await client.query(`alter table snapshot_record attach partition ${table} for values in ('${snapshotId}')`)
}

/** Rows are looked up by key once they are compared with accepted ones; of a first import, that are all new, they never are. */
export async function indexKeys(client: Client, snapshotId: string): Promise<void> {
  await client.query(`create index if not exists ${tableOf(snapshotId)}_key on ${tableOf(snapshotId)} (key)`)
}

/** The sheet that the last complete read of a job was of. */
export async function lastSheet(db: Db, jobId: string): Promise<string | null> {
  const { rows } = await db.query<{ sheet: string | null }>(`select shape ->> 'sheet' as sheet from snapshot where job_id = $1 and state = 'complete' order by read_at desc limit 1`, [jobId])
  return rows[0]?.sheet ?? null
}

export interface RowKeys { key: string; positionKey: string; row: number }

/** A row that shares its key; rows that say the same have the same hash. */
export interface Duplicate { key: string; row: number; others: number[]; hash: string }

/**
 * Takes all rows that share key and position key with another one, or with one of the `faulty`, out of a snapshot, and
 * returns them. `keys`: those that may; null: any.
 */
export async function takeDuplicates(db: Db, snapshotId: string, keys: string[] | null, faulty: RowKeys[]): Promise<Duplicate[]> {
  const table = tableOf(snapshotId)
  const { rows } = await db.query<Duplicate>(
    `with claim as (
       select key, position_key, row from ${table} where $1::text[] is null or key = any ($1)
       union all
       select * from unnest($2::text[], $3::text[], $4::int[])),
     double as (
       select key, position_key, array_agg(row order by row) as rows from claim group by 1, 2 having count(*) > 1),
     taken as (
       delete from ${table} s using double d where s.key = d.key and s.position_key = d.position_key returning s.key, s.row, d.rows, s.hash)
     select key, row, array_remove(rows, row) as others, encode(hash, 'hex') as hash from taken order by row`,
    [keys, faulty.map((f) => f.key), faulty.map((f) => f.positionKey), faulty.map((f) => f.row)])
  return rows
}

export async function insertSetAside(db: Db, snapshot: Pick<NewSnapshot, 'id' | 'jobId'>, rows: SetAside[]): Promise<void> {
  if (rows.length === 0) return
  const column = <K extends keyof SetAside>(name: K): SetAside[K][] => rows.map((r) => r[name])
  await db.query(
    `insert into set_aside (job_id, snapshot_id, key, row, address, column_name, value, code, expected)
     select $1, $2, * from unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])`,
    [snapshot.jobId, snapshot.id, column('key'), column('row'), column('address'), column('column'), column('value'), column('code'), column('expected')])
}

/** Drops the rows of older snapshots that no unfinished plan needs; the snapshots themselves stay as history. */
export async function pruneSnapshots(pool: Pool, jobId: string, keep: number): Promise<void> {
  const { rows } = await pool.query<{ id: string; table: string | null }>(
    `with old as (select id from snapshot where job_id = $1 and state <> 'reading' and not kept order by read_at desc offset $2)
     select id, to_regclass('snapshot_record_' || replace(id::text, '-', ''))::text as table from old
      where not exists (
        select from plan_row r join plan p on p.id = r.plan_id
         where r.snapshot_id = old.id and p.state in ('computing', 'open', 'held', 'approved', 'applying', 'stopped'))`, [jobId, keep])
  await pool.query(`delete from set_aside where snapshot_id = any ($1)`, [rows.map((r) => r.id)])
  // Those of a version that kept all rows in one table, or restored from a backup.
  const shared = rows.filter((r) => r.table === null).map((r) => r.id)
  await pool.query('delete from snapshot_record where snapshot_id = any ($1)', [shared])
  for (const { table } of rows) {
    // Another process may have dropped it meanwhile.
    if (table !== null) await unlessLocked(pool, (client) => client.query(`drop table if exists ${table}`))
  }
}
