/** Snapshots: one read of a source for one job, its rows, and the rows that were set aside. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { SourceShape } from '../connectors/connector.ts'
import type { Client, Db } from './database.ts'

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
  code: string | null
  because: string | null
}

/** What the mapping made of the row `s`, as `domain/map-row.ts` has it. */
export const mappedOf = `jsonb_build_object('attributes', s.attributes, 'position', (s.positions -> 0) - 'key' - 'job')
  || case when s.keep is null then '{}' else jsonb_build_object('keep', s.keep) end`

export async function insertSnapshot(db: Db, s: NewSnapshot): Promise<void> {
  await db.query(`insert into snapshot (id, job_id, system_id, policy_revision, read_at) values ($1, $2, $3, $4, $5)`,
    [s.id, s.jobId, s.systemId, s.revision, s.readAt])
}

export async function endSnapshot(db: Db, id: string, end: SnapshotEnd): Promise<void> {
  // The sample is for the screen beside a mapping; people's values need no second home.
  const shape = end.shape === null ? null : JSON.stringify({ ...end.shape, sample: [] })
  await db.query(
    `update snapshot set state = $2, shape = $3, rows = $4, set_aside = $5, digest = $6, code = $7, because = $8 where id = $1`,
    [id, end.state, shape, end.rows, end.setAside, end.digest, end.code, end.because])
}

/** Takes lines of `copy` text format: snapshot, key, position key, row, hash, cells, attributes, positions, keep, dates, id of a new person. */
export async function copyRecords(client: Client, lines: AsyncIterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(lines, { objectMode: false, highWaterMark: 1 << 20 }), client.query(copyFrom(
    `copy snapshot_record (snapshot_id, key, position_key, row, hash, cells, attributes, positions, keep, dates, person_id) from stdin`)))
  // Just loaded, nothing is known of the table, and every join over it would be planned for a handful of rows.
  await client.query('analyze snapshot_record (snapshot_id, key, position_key, row, dates, person_id)')
}

/** Takes all rows that share key and position key with another one out of a snapshot, and returns them. `keys`: those that may; null: any. */
export async function takeDuplicates(db: Db, snapshotId: string, keys: string[] | null): Promise<{ key: string; row: number; others: number[] }[]> {
  const { rows } = await db.query<{ key: string; row: number; others: number[] }>(
    `with double as (
       select key, position_key, array_agg(row order by row) as rows from snapshot_record
        where snapshot_id = $1 and ($2::text[] is null or key = any ($2)) group by 1, 2 having count(*) > 1),
     taken as (
       delete from snapshot_record s using double d
        where s.snapshot_id = $1 and s.key = d.key and s.position_key = d.position_key returning s.key, s.row, d.rows)
     select key, row, array_remove(rows, row) as others from taken order by row`, [snapshotId, keys])
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
export async function pruneSnapshots(db: Db, jobId: string, keep: number): Promise<void> {
  await db.query(
    `with old as (select id from snapshot where job_id = $1 and state <> 'reading' and not kept order by read_at desc offset $2),
          gone as (select id from old where not exists (
            select from plan_row r join plan p on p.id = r.plan_id
             where r.snapshot_id = old.id and p.state in ('computing', 'open', 'held', 'approved', 'applying', 'stopped'))),
          aside as (delete from set_aside using gone where snapshot_id = gone.id)
     delete from snapshot_record using gone where snapshot_id = gone.id`, [jobId, keep])
}
