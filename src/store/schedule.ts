/** What is due by the clock, and what was left unfinished. */
import type { PlanState } from '../domain/plan.ts'
import type { Db } from './database.ts'

/** Whether a plan with this cause and these jobs was begun since an instant. */
export async function lastStarted(db: Db, cause: string, jobs: string[], since: string): Promise<boolean> {
  const { rows } = await db.query('select from plan where cause = $1 and scope = $2 and made_at >= $3 limit 1', [cause, JSON.stringify({ jobs }), since])
  return rows.length > 0
}

/** Something that is due for a person: a reason of theirs begins or ends, or the dates of a position say so. */
export interface Due {
  personId: string
  at: string
  by: 'reason' | 'exception' | 'calendar' | 'grace'
}

/** What the policy says about time. */
export interface TimesOfPolicy {
  /** How long before somebody's start accounts become due. */
  daysBefore: number[]
  /** Jobs that delete accounts, and how long after they were disabled. */
  deletions: { jobId: string; days: number }[]
}

/** Far enough before the last look that nothing slips through which was written while it lasted. */
const overlap = `interval '1 hour'`

/**
 * What is due by now and no plan was made of yet. A plan that failed counts as one for a while, so that what always fails
 * is not begun again every few seconds.
 */
export async function whatIsDue(db: Db, now: string, { daysBefore, deletions }: TimesOfPolicy): Promise<Due[]> {
  const { rows } = await db.query<Due>(
    `with since as materialized (select least($1::timestamptz, coalesce((select read_at from clock), $1::timestamptz - interval '7 days')) - ${overlap} as at),
          deleting as (select job_id, make_interval(days => days) as grace from unnest($3::text[], $4::int[]) as d (job_id, days)),
          -- Either is the later one: when the account was disabled, or when its last reason ended.
          expiring as (
            select a.id, a.person_id, a.job_id, a.disabled_at, d.grace from deleting d
              join account a on a.job_id = d.job_id and a.gone_at is null and a.disabled_at <= $1::timestamptz - d.grace and a.disabled_at > (select at from since) - d.grace
            union
            select a.id, a.person_id, a.job_id, a.disabled_at, d.grace from deleting d
              join reason r on r.job_id = d.job_id and r.kind = 'scope' and r.valid_until <= $1::timestamptz - d.grace and r.valid_until > (select at from since) - d.grace
              join account a on a.person_id = r.person_id and a.job_id = r.job_id and a.gone_at is null and a.disabled_at is not null),
          due as (
            select person_id, valid_until as at, 'reason' as by from reason
             where kind in ('role', 'manual', 'grace') and valid_until <= $1 and valid_until > (select at from since)
               and (until_agreed_at < valid_until or kind = 'grace')
            union all
            select person_id, valid_from, 'reason' from reason
             where kind in ('role', 'manual') and valid_from > made_at and valid_from <= $1 and valid_from > (select at from since)
            union all
            select person_id, valid_until, 'exception' from exception where ended_at is null and valid_until <= $1 and valid_until > (select at from since)
            union all
            select id, next_change_at, 'calendar' from person where next_change_at <= $1
            union all
            select id, next_change_at - make_interval(days => d), 'calendar' from unnest($2::int[]) d
              join person on state = 'before-start' and next_change_at > $1 and next_change_at <= $1 + make_interval(days => d)
            union all
            select x.person_id, greatest(x.disabled_at, unwanted.since) + x.grace, 'grace' from expiring x
             cross join lateral (
               select case when bool_and(r.valid_until is not null) then max(r.valid_until) end as since
                 from reason r where r.person_id = x.person_id and r.job_id = x.job_id and r.kind = 'scope') unwanted
             where greatest(x.disabled_at, unwanted.since) + x.grace <= $1 and unwanted.since is not null
               and not exists (select from account a where a.id = x.id and a.protected))
     select distinct person_id as "personId", at, by from due
      where not exists (select from noticed n join plan p on p.id = n.plan_id
                         where n.person_id = due.person_id and n.at = due.at and (p.state <> 'failed' or p.made_at > $1::timestamptz - interval '10 minutes'))
      order by at, person_id`, [now, daysBefore, deletions.map((d) => d.jobId), deletions.map((d) => d.days)])
  return rows
}

/** Plans with one of these causes that are still to be computed. */
export async function countComputing(db: Db, causes: string[]): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from plan where state = 'computing' and cause = any ($1)`, [causes])
  return rows[0]!.n
}

export async function markNoticed(db: Db, due: Due[], planId: string): Promise<void> {
  await db.query(
    `insert into noticed (person_id, at, plan_id) select person_id, at, $3 from unnest($1::uuid[], $2::timestamptz[]) as u (person_id, at)
     on conflict (person_id, at) do update set plan_id = excluded.plan_id`, [due.map((d) => d.personId), due.map((d) => d.at), planId])
}

export async function setClock(db: Db, now: string): Promise<void> {
  await db.query('insert into clock (read_at) values ($1) on conflict (one) do update set read_at = excluded.read_at', [now])
}

/** The next instant at which something becomes due; null: nothing is in sight. */
export async function nextDue(db: Db, now: string, { daysBefore, deletions }: TimesOfPolicy): Promise<string | null> {
  const { rows: [row] } = await db.query<{ at: string | null }>(
    `select least(
       (select min(valid_until) from reason where kind in ('role', 'manual', 'grace') and valid_until > $1),
       (select min(valid_from) from reason where kind in ('role', 'manual') and valid_from > made_at and valid_from > $1),
       (select min(valid_until) from exception where ended_at is null and valid_until > $1),
       (select min(next_change_at) from person where next_change_at > $1),
       (select min(at) from unnest($2::int[]) d cross join lateral (
          select min(next_change_at) - make_interval(days => d) as at from person where state = 'before-start' and next_change_at > $1 + make_interval(days => d)) first),
       (select min(at) from unnest($3::text[], $4::int[]) as d (job_id, days) cross join lateral (
          select min(a.disabled_at) + make_interval(days => d.days) as at from account a
           where a.job_id = d.job_id and a.gone_at is null and a.disabled_at > $1::timestamptz - make_interval(days => d.days)) first),
       (select min(at) from unnest($3::text[], $4::int[]) as d (job_id, days) cross join lateral (
          select min(r.valid_until) + make_interval(days => d.days) as at from reason r
           where r.job_id = d.job_id and r.kind = 'scope' and r.valid_until > $1::timestamptz - make_interval(days => d.days)) first)) as at`,
    [now, daysBefore, deletions.map((d) => d.jobId), deletions.map((d) => d.days)])
  return row!.at
}

/**
 * Plans with something left to do; a plan that was computed may not have been asked yet whether it goes ahead by itself, and in
 * one that was stopped a worker may have left what it was at.
 * `abandoned`: only those that no worker has locked, and that did not put all they have left off until later.
 */
export async function unfinishedPlans(db: Db, now: string, abandoned: boolean): Promise<{ id: string; state: PlanState }[]> {
  const { rows } = await db.query<{ id: string; state: PlanState }>(
    `select id, state from plan
      where (state in ('computing', 'approved', 'applying') or state in ('open', 'held') and approved_at is null
             or state = 'stopped' and exists (select from batch b where b.plan_id = plan.id))
        and not ($2 and (coalesce(wait_until > $1, false) or
          exists (select from pg_locks l where l.locktype = 'advisory' and l.objid::bigint = (hashtext(plan.id::text)::bigint & 4294967295)
                     and l.database = (select oid from pg_database where datname = current_database()))
          or exists (select from open_change c where c.plan_id = plan.id and c.state = 'again' and c.next_attempt_at > $1)
            and not exists (select from open_change c where c.plan_id = plan.id and c.state = 'to-do')
            and not exists (select from plan_change c where c.plan_id = plan.id and c.stage = 1 and c.state = 'waiting')))
      order by number`, [now, abandoned])
  return rows
}
