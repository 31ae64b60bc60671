/** What is shown of findings and match cases. */
import type { Db } from './database.ts'
import { countStuck } from './stuck.ts'
import { pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'
import { mappedOf } from './snapshot.ts'

export interface FindingShown {
  id: string
  code: string
  severity: string
  message: string
  system: string | null
  job: string | null
  personId: string | null
  personName: string | null
  details: Record<string, unknown>
  firstSeenAt: string
  lastSeenAt: string
  resolvedAt: string | null
}

/** Open findings, newest first. */
export async function listFindings(
  db: Db, wanted: { system?: string; job?: string; code?: string; person?: string; after?: string; limit: number },
): Promise<PageOf<FindingShown>> {
  const key = readCursor(wanted.after, 1)
  const { rows } = await db.query<FindingShown>(
    `select f.id, f.code, f.severity, f.message, f.system_id as system, f.job_id as job, f.person_id as "personId",
            p.attributes ->> 'displayName' as "personName", f.details, f.first_seen_at as "firstSeenAt", f.last_seen_at as "lastSeenAt",
            f.resolved_at as "resolvedAt"
       from finding f left join person p on p.id = f.person_id
      where f.resolved_at is null and ($1::text is null or f.system_id = $1) and ($2::text is null or f.job_id = $2)
        and ($3::text is null or f.code = $3) and ($4::uuid is null or f.person_id = $4) and ($5::bigint is null or f.id < $5)
      order by f.id desc limit $6`,
    [wanted.system ?? null, wanted.job ?? null, wanted.code ?? null, wanted.person ?? null, key?.[0] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.id], (r) => r)
}

export interface CaseShown {
  id: string
  jobId: string
  key: string
  code: string
  candidates: string[]
  openedAt: string
  decidedAt: string | null
  decidedBy: string | null
  personId: string | null
  row: { row: number; mapped: { attributes?: Record<string, unknown>; position?: Record<string, unknown> } } | null
}

/** Cases, oldest first, with the row that waits as the latest read shows it. */
export async function listCases(db: Db, wanted: { decided: boolean; after?: string; limit: number }): Promise<PageOf<CaseShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<CaseShown>(
    `select c.id, c.job_id as "jobId", c.key, c.code, c.candidates, c.opened_at as "openedAt", c.decided_at as "decidedAt",
            c.decided_by as "decidedBy", c.person_id as "personId", r.row
       from match_case c
       left join lateral (
         select json_build_object('row', s.row, 'mapped', ${mappedOf}) as row from snapshot_record s
          where s.key = c.key
            and s.snapshot_id = (select id from snapshot where job_id = c.job_id and state <> 'reading' order by read_at desc limit 1)
          order by s.row limit 1) r on true
      where (c.decided_at is not null) = $1
        and ($2::timestamptz is null or (date_trunc('milliseconds', c.opened_at), c.id) > ($2, $3::uuid))
      order by date_trunc('milliseconds', c.opened_at), c.id limit $4`, [wanted.decided, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.openedAt, r.id], (r) => r)
}

export interface Waiting {
  plansOpen: number
  plansHeld: number
  cases: number
  findings: number
  stuck: number
  retrying: number
  setAside: number
}

/** What waits for somebody. */
export async function countWaiting(db: Db): Promise<Waiting> {
  const { rows } = await db.query<Omit<Waiting, 'stuck'>>(
    `select (select count(*)::int from plan where state = 'open') as "plansOpen",
            (select count(*)::int from plan where state = 'held') as "plansHeld",
            (select count(*)::int from match_case where decided_at is null) as cases,
            (select count(*)::int from finding where resolved_at is null and severity <> 'info') as findings,
            (select count(*)::int from open_change where state = 'again') as retrying,
            (select coalesce(sum(set_aside), 0)::int from (
               select distinct on (job_id) set_aside from snapshot where state <> 'reading' order by job_id, read_at desc) s) as "setAside"`)
  return { ...rows[0]!, stuck: await countStuck(db) }
}
