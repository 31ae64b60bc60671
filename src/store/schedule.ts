/** What is due by the clock, and what was left unfinished. */
import type { PlanState } from '../domain/plan.ts'
import type { Db } from './database.ts'

/** Whether a plan with this cause and these jobs was begun since an instant. */
export async function lastStarted(db: Db, cause: string, jobs: string[], since: string): Promise<boolean> {
  const { rows } = await db.query('select from plan where cause = $1 and scope = $2 and made_at >= $3 limit 1', [cause, JSON.stringify({ jobs }), since])
  return rows.length > 0
}

/** Whether somebody starts, leaves or returns about now and no plan since then has looked at them. */
export async function dueTransitions(db: Db, now: string): Promise<boolean> {
  const { rows } = await db.query(
    `select from person p where p.next_change_at <= $1
        and not exists (select from plan where as_of >= p.next_change_at and scope is null and state <> 'failed') limit 1`, [now])
  return rows.length > 0
}

/** People with a reason that ran out by now and that no plan since then has looked at. */
export async function expiredGrants(db: Db, now: string): Promise<string[]> {
  const { rows } = await db.query<{ personId: string }>(
    `select distinct r.person_id as "personId" from reason r
      where r.valid_until <= $1 and r.valid_until > $1::timestamptz - interval '7 days' and r.kind in ('role', 'manual') and r.made_at < r.valid_until
        and not exists (select from plan p where p.as_of >= r.valid_until and p.state <> 'failed' and (p.scope is null or p.scope ->> 'person' = r.person_id::text))
      limit 1000`, [now])
  return rows.map((r) => r.personId)
}

export async function unfinishedPlans(db: Db): Promise<{ id: string; state: PlanState }[]> {
  const { rows } = await db.query<{ id: string; state: PlanState }>(`select id, state from plan where state in ('computing', 'approved', 'applying') order by number`)
  return rows
}
