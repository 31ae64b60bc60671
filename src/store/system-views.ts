/** What is shown of systems and jobs: the last read and what it found. */
import type { Db } from './database.ts'

export interface SystemCounts {
  systemId: string
  accounts: number
  linked: number
  orphans: number
  protected: number
  entitlements: number
  findings: number
}

/** Of all systems that have anything. */
export async function systemCounts(db: Db): Promise<Map<string, SystemCounts>> {
  const { rows } = await db.query<SystemCounts>(
    `select system_id as "systemId", sum(accounts)::int as accounts, sum(linked)::int as linked, sum(orphans)::int as orphans,
            sum(protected)::int as protected, sum(entitlements)::int as entitlements, sum(findings)::int as findings
       from (
         select system_id, count(*) as accounts, count(person_id) as linked,
                count(*) filter (where person_id is null and not protected) as orphans,
                count(*) filter (where protected) as protected, 0 as entitlements, 0 as findings
           from account where gone_at is null group by system_id
         union all
         select system_id, 0, 0, 0, 0, count(*), 0 from entitlement where gone_at is null group by system_id
         union all
         select system_id, 0, 0, 0, 0, 0, count(*) from finding where resolved_at is null and system_id is not null group by system_id
       ) x group by system_id`)
  return new Map(rows.map((r) => [r.systemId, r]))
}

export interface ReadShown {
  systemId: string
  id: string
  at: string
  state: 'reading' | 'complete' | 'incomplete'
  accounts: number
  entitlements: number
  memberships: number
  rows: number
  setAside: number
  code: string | null
  because: string | null
}

/** The last read of each system, as a source or as a destination. */
export async function lastReads(db: Db): Promise<Map<string, ReadShown>> {
  const { rows } = await db.query<ReadShown>(
    `select distinct on ("systemId") * from (
       (select distinct on (system_id) system_id as "systemId", id, read_at as at, state, accounts, entitlements, memberships,
               0 as rows, 0 as "setAside", code, because
          from observation order by system_id, read_at desc)
       union all
       (select distinct on (system_id) system_id, id, read_at, state, 0, 0, 0, rows, set_aside, code, because
          from snapshot order by system_id, read_at desc)
     ) x order by "systemId", at desc`)
  return new Map(rows.map((r) => [r.systemId, r]))
}

export interface SnapshotShown {
  jobId: string
  id: string
  readAt: string
  state: 'reading' | 'complete' | 'incomplete'
  rows: number
  setAside: number
  shape: unknown
  code: string | null
  because: string | null
}

/** The last read of each job's source. */
export async function lastSnapshots(db: Db): Promise<Map<string, SnapshotShown>> {
  const { rows } = await db.query<SnapshotShown>(
    `select distinct on (job_id) job_id as "jobId", id, read_at as "readAt", state, rows, set_aside as "setAside", shape, code, because
       from snapshot order by job_id, read_at desc`)
  return new Map(rows.map((r) => [r.jobId, r]))
}
