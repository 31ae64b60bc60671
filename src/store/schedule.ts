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

export async function unfinishedPlans(db: Db): Promise<{ id: string; state: PlanState }[]> {
  const { rows } = await db.query<{ id: string; state: PlanState }>(`select id, state from plan where state in ('computing', 'approved', 'applying') order by number`)
  return rows
}
