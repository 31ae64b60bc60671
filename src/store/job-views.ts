/** What is shown of jobs: rows set aside, and the source rows that people are made of. */
import type { Db } from './database.ts'
import { inside, pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'
import { cellsOfRecord } from './snapshot.ts'

export interface SetAsideShown {
  row: number
  address: string
  column: string | null
  key: string | null
  value: string | null
  code: string
  expected: string
}

/** Rows of the job's latest read that could not be used. */
export async function listSetAside(db: Db, jobId: string, paging: { after?: string; limit: number }): Promise<PageOf<SetAsideShown>> {
  const key = readCursor(paging.after, 2)
  const { rows } = await db.query<SetAsideShown & { id: string }>(
    `select id, row, address, column_name as column, key, value, code, expected from set_aside
      where job_id = $1
        and snapshot_id = (select id from snapshot where job_id = $1 and state <> 'reading' order by read_at desc limit 1)
        and ($2::int is null or (row, id) > ($2, $3::bigint))
      order by row, id limit $4`, [jobId, key?.[0] ?? null, key?.[1] ?? null, paging.limit + 1])
  return pageOf(rows, paging.limit, (r) => [r.row, r.id], (r) => r)
}

export interface RecordShown {
  key: string
  positionKey: string
  row: number
  source: string
  cells: unknown
  personId: string
  personName: string | null
  missingSince: string | null
}

export async function searchRecords(db: Db, jobId: string, wanted: { search?: string; after?: string; limit: number }): Promise<PageOf<RecordShown>> {
  const key = readCursor(wanted.after, 3)
  const { rows } = await db.query<RecordShown>(
    `select r.key, r.position_key as "positionKey", r.row, r.source_name as source, ${cellsOfRecord} as cells, r.person_id as "personId",
            p.attributes ->> 'displayName' as "personName", r.missing_since as "missingSince"
       from record r join person p on p.id = r.person_id
      where r.job_id = $1 and ($2::text is null or lower(r.key) like $2 or lower(p.attributes ->> 'displayName') like $2)
        and ($3::int is null or (r.row, r.key, r.position_key) > ($3, $4, $5))
      order by r.row, r.key, r.position_key limit $6`,
    [jobId, wanted.search ? inside(wanted.search) : null, key?.[0] ?? null, key?.[1] ?? null, key?.[2] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.row, r.key, r.positionKey], (r) => r)
}

export interface LastPlan { jobId: string; id: string; number: number; state: string; madeAt: string }

/** The last plan that each job took part in. */
export async function lastPlans(db: Db, jobs: string[]): Promise<Map<string, LastPlan>> {
  const { rows } = await db.query<LastPlan>(
    `select j as "jobId", p.* from unnest($1::text[]) j cross join lateral (
       select id, number::int, state, made_at as "madeAt" from plan
        where scope is null or scope -> 'jobs' ? j order by number desc limit 1) p`, [jobs])
  return new Map(rows.map((r) => [r.jobId, r]))
}
