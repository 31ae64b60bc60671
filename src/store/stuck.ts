/** Stuck changes that still wait for a person, over all plans. */
import type { Db } from './database.ts'
import { pageOf, readCursor, type PageOf } from './paging.ts'

const stuck = `(select c.* from open_change o join plan_change c on c.plan_id = o.plan_id and c.id = o.id where o.state = 'stuck')`

/**
 * A stuck change is over when a person settled it, when a newer plan carried the same thing out or is at it, or when a
 * newer plan of everything looked and found nothing to do.
 */
const stillStuck = `not exists (select from settled_change s where s.plan_id = c.plan_id and s.change_id = c.id and s.settled_at >= c.done_at)
  and not exists (
    select from plan_change o join plan op on op.id = o.plan_id
     where o.person_id = c.person_id and o.plan_id <> c.plan_id and o.stage = 2 and op.number > p.number and o.system_id = c.system_id
       and o.job_id = c.job_id and o.kind = c.kind and o.entitlement_id is not distinct from c.entitlement_id
       and o.state in ('done', 'waiting', 'again', 'stuck'))
  and not exists (
    select from plan q
     where q.scope is null and q.number > p.number and q.made_at > c.done_at and q.state in ('empty', 'open', 'held', 'approved', 'applying', 'stopped', 'applied')
       and q.basis -> 'observations' ? c.system_id
       and not exists (select from plan_change o where o.plan_id = q.id and o.person_id = c.person_id and o.stage = 2 and o.system_id = c.system_id
         and o.job_id = c.job_id and o.kind = c.kind and o.entitlement_id is not distinct from c.entitlement_id))`

export interface StuckRow {
  planId: string
  planNumber: number
  changeId: string
  stuckSince: string
}

/** The longest stuck first. */
export async function listStuck(db: Db, wanted: { system?: string; person?: string; after?: string; limit: number }): Promise<PageOf<StuckRow>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<StuckRow>(
    `select c.plan_id as "planId", p.number::int as "planNumber", c.id as "changeId", date_trunc('milliseconds', c.done_at) as "stuckSince"
       from ${stuck} c join plan p on p.id = c.plan_id
      where ${stillStuck} and ($1::text is null or c.system_id = $1) and ($2::uuid is null or c.person_id = $2)
        and ($3::timestamptz is null or (date_trunc('milliseconds', c.done_at), c.id) > ($3, $4::bigint))
      order by date_trunc('milliseconds', c.done_at), c.id limit $5`,
    [wanted.system ?? null, wanted.person ?? null, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.stuckSince, r.changeId], (r) => r)
}

export async function countStuck(db: Db): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from ${stuck} c join plan p on p.id = c.plan_id where ${stillStuck}`)
  return rows[0]!.n
}

export type SettledHow = 'by-hand' | 'not-needed'

/** False where the change is not stuck. */
export async function insertSettled(db: Db, settled: { planId: string; changeId: string; how: SettledHow; note: string; by: string; at: string }): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into settled_change (plan_id, change_id, how, note, settled_by, settled_at)
     select plan_id, id, $3, $4, $5, $6::timestamptz from plan_change c
      where plan_id = $1 and id = $2 and state = 'stuck' and not exists (
        select from settled_change s where s.plan_id = c.plan_id and s.change_id = c.id and s.settled_at >= c.done_at)`,
    [settled.planId, settled.changeId, settled.how, settled.note, settled.by, settled.at])
  return rowCount === 1
}
