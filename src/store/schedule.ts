/** What is due by the clock, and what was left unfinished. */
import type { PlanState } from '../domain/plan.ts'
import type { Db } from './database.ts'

/** Whether a plan with this cause and these jobs was begun since an instant. */
export async function lastStarted(db: Db, cause: string, jobs: string[], since: string): Promise<boolean> {
  const { rows } = await db.query('select from plan where cause = $1 and scope = $2 and made_at >= $3 limit 1', [cause, JSON.stringify({ jobs }), since])
  return rows.length > 0
}

/** A plan that failed counts as a look for a while, so that what always fails is not begun again every few seconds. */
const counts = `(plan.state <> 'failed' or plan.made_at > $1::timestamptz - interval '10 minutes')`

/**
 * Whether somebody starts, leaves or returns about now, or starts in so many days that an account becomes due, and no plan
 * since then has looked at them.
 */
export async function dueTransitions(db: Db, now: string, daysBefore: number): Promise<boolean> {
  const { rows } = await db.query(
    `select from (
       select next_change_at as at from person where next_change_at <= $1
       union all
       select next_change_at - make_interval(days => $2) from person where state = 'before-start' and next_change_at - make_interval(days => $2) <= $1) due
      where not exists (select from plan where as_of >= due.at and scope is null and ${counts}) limit 1`, [now, daysBefore])
  return rows.length > 0
}

/** People with a reason that ran out by now and that no plan since then has looked at. */
export async function expiredGrants(db: Db, now: string): Promise<string[]> {
  const { rows } = await db.query<{ personId: string }>(
    `select distinct r.person_id as "personId" from reason r
      where r.valid_until <= $1 and r.valid_until > $1::timestamptz - interval '7 days' and r.kind in ('role', 'manual') and r.made_at < r.valid_until
        and not exists (select from plan where plan.as_of >= r.valid_until and ${counts} and (plan.scope is null or plan.scope -> 'people' ? r.person_id::text))
      limit 1000`, [now])
  return rows.map((r) => r.personId)
}

/**
 * Plans with something left to do; a plan that was computed may not have been asked yet whether it goes ahead by itself.
 * `abandoned`: only those that no worker has locked, and that did not put all they have left off until later.
 */
export async function unfinishedPlans(db: Db, now: string, abandoned: boolean): Promise<{ id: string; state: PlanState }[]> {
  const { rows } = await db.query<{ id: string; state: PlanState }>(
    `select id, state from plan
      where (state in ('computing', 'approved', 'applying') or state in ('open', 'held') and approved_at is null)
        and not ($2 and (
          exists (select from pg_locks l where l.locktype = 'advisory' and l.objid::bigint = (hashtext(plan.id::text)::bigint & 4294967295)
                     and l.database = (select oid from pg_database where datname = current_database()))
          or exists (select from plan_change c where c.plan_id = plan.id and c.state = 'again' and c.next_attempt_at > $1)
            and not exists (select from plan_change c where c.plan_id = plan.id and c.state in ('waiting', 'running'))))
      order by number`, [now, abandoned])
  return rows
}
