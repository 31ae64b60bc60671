/** Exceptions from policy: what is left as it is, since when, until when, by whom. */
import type { LivingException, Thing } from '../domain/exception.ts'
import type { Pair } from './compare.ts'
import type { Db } from './database.ts'

const living = (asOf: string): string => `x.ended_at is null and x.valid_from <= ${asOf} and (x.valid_until is null or x.valid_until > ${asOf})`

/** Those of some people that live at an instant. */
export async function livingExceptions(db: Db, people: string[], asOf: string): Promise<(Pair & LivingException)[]> {
  const { rows } = await db.query<Pair & LivingException>(
    `select x.person_id as "personId", x.job_id as "jobId", x.id, x.account_id as "accountId", x.thing, x.attribute, x.entitlement_id as "entitlementId",
            x.keeps_access as "keepsAccess", x.wanted
       from exception x where x.person_id = any($1::uuid[]) and ${living('$2::timestamptz')}`, [people, asOf])
  return rows
}

export interface ExceptionRow extends LivingException {
  systemId: string
  jobId: string
  account: string | null
  entitlement: string | null
  from: string
  until: string | null
  note: string
  by: string
  /** What policy wants of the account now. */
  wantedNow: LivingException['wanted']
}

/** Those of one person that lived at an instant, also where somebody has ended them since. */
export async function exceptionsAt(db: Db, personId: string, at: string): Promise<ExceptionRow[]> {
  const { rows } = await db.query<ExceptionRow>(
    `select x.id, x.system_id as "systemId", x.job_id as "jobId", x.account_id as "accountId", a.name as account, x.thing, x.attribute,
            x.entitlement_id as "entitlementId", e.name as entitlement, x.keeps_access as "keepsAccess", x.wanted,
            coalesce(nullif(d.wanted, 'broken'), 'none') as "wantedNow", x.valid_from as "from", x.valid_until as until, x.note, x.made_by as by
       from exception x
       left join account a on a.id = x.account_id
       left join entitlement e on e.id = x.entitlement_id
       left join desired_account d on d.person_id = x.person_id and d.job_id = x.job_id
      where x.person_id = $1 and x.valid_from <= $2 and (x.valid_until is null or x.valid_until > $2) and (x.ended_at is null or x.ended_at > $2)
      order by x.valid_from, x.id`, [personId, at])
  return rows
}

export interface NewException extends Pair {
  systemId: string
  accountId: string | null
  thing: Thing
  attribute: string | null
  entitlementId: string | null
  keepsAccess: boolean
}

/** Makes them, each in place of an older one of the same thing. What policy wants of the account now is noted with it. */
export async function insertExceptions(
  db: Db, exceptions: NewException[], decided: { until: string | null; note: string; by: string; planId: string | null; now: string },
): Promise<string[]> {
  if (exceptions.length === 0) return []
  const columns = [
    exceptions.map((x) => x.personId), exceptions.map((x) => x.jobId), exceptions.map((x) => x.thing), exceptions.map((x) => x.attribute),
    exceptions.map((x) => x.entitlementId),
  ]
  await db.query(
    `update exception x set ended_at = $6, ended_by = $7
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as u (person_id, job_id, thing, attribute, entitlement_id)
      where x.ended_at is null and x.person_id = u.person_id and x.job_id = u.job_id and x.thing = u.thing
        and x.attribute is not distinct from u.attribute and x.entitlement_id is not distinct from u.entitlement_id`, [...columns, decided.now, decided.by])
  const { rows } = await db.query<{ id: string }>(
    `insert into exception (system_id, job_id, person_id, account_id, thing, attribute, entitlement_id, keeps_access, wanted, valid_from, valid_until, note, made_by, plan_id)
     select distinct on (u.person_id, u.job_id, u.thing, u.attribute, u.entitlement_id)
            u.system_id, u.job_id, u.person_id, u.account_id, u.thing, u.attribute, u.entitlement_id, u.keeps_access,
            coalesce((select case when d.wanted = 'broken' then 'none' else d.wanted end from desired_account d where d.person_id = u.person_id and d.job_id = u.job_id), 'none'),
            $9, $10, $11, $12, $13
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::boolean[])
              as u (person_id, job_id, thing, attribute, entitlement_id, system_id, account_id, keeps_access)
     returning id`,
    [...columns, exceptions.map((x) => x.systemId), exceptions.map((x) => x.accountId), exceptions.map((x) => x.keepsAccess),
      decided.now, decided.until, decided.note, decided.by, decided.planId])
  return rows.map((r) => r.id)
}

/** Ends one; returns whose it was, or null where there is none that lives. */
export async function endException(db: Db, id: string, by: string, now: string): Promise<string | null> {
  const { rows } = await db.query<{ personId: string }>(
    `update exception set ended_at = $2, ended_by = $3 where id = $1 and ended_at is null and (valid_until is null or valid_until > $2) returning person_id as "personId"`, [id, now, by])
  return rows[0]?.personId ?? null
}

/** Ends what came with a plan: it is undone in its turn. */
export async function endExceptionsOfPlan(db: Db, planId: string, by: string, now: string): Promise<void> {
  await db.query('update exception set ended_at = $2, ended_by = $3 where plan_id = $1 and ended_at is null', [planId, now, by])
}

/** Ends all exceptions by which some people keep access. */
export async function endKeptAccess(db: Db, people: string[], by: string, now: string): Promise<void> {
  await db.query('update exception set ended_at = $2, ended_by = $3 where person_id = any($1::uuid[]) and keeps_access and ended_at is null', [people, now, by])
}
