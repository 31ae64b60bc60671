/** Who must be evaluated, and the storing of what came of it: the rows of the overlay (`overlay.ts`) become stored ones. */
import type { Client } from './database.ts'
import { keepCut } from './leaver.ts'
import type { EvaluatedRows } from './overlay.ts'
import { cutsOf } from './person-end.ts'
import { lockPeople } from './person-lock.ts'

export interface PersonToEvaluate {
  id: string
  attributes: Record<string, never>
  positions: never[]
  cuts: string[]
  /** When they were last written, in PostgreSQL's own words; null where they are looked at as a plan will have made them. */
  changedAt: string | null
}

/**
 * People who must be evaluated: those whom the plan changes, those who changed since they were last evaluated, everybody
 * after a policy edit, those who are still to start (their accounts become due by the calendar), and, for a plan, those
 * whose account is wanted and not there: what the systems show now may fit them, or be in their way. Where a plan is
 * carried out (`applying`), those for whom it creates an account by another name than was stored for them.
 */
export async function* peopleToEvaluate(client: Client, input: WhoIsDue, batch = 2000) {
  await findDue(client, input)
  for (let after: string | null = null; ;) {
    const { rows }: { rows: PersonToEvaluate[] } = await client.query(
      `with due as (select array(select id from eval_due where $2::uuid is null or id > $2 order by id limit $3) as ids),
            planned as (select pp.person_id as id, pp.attributes, pp.positions, ${cutsOf('pp.person_id')}, null::text as "changedAt" from plan_person pp where pp.plan_id = $1 and pp.person_id = any (array(select unnest(ids) from due)))
       select * from planned
       union all
       select p.id, p.attributes, p.positions, ${cutsOf('p.id')}, p.changed_at::text from person p
        where p.id = any (array(select unnest(ids) from due)) and not exists (select from planned where planned.id = p.id)
       order by id`, [input.planId, after, batch])
    if (rows.length === 0) return
    yield rows
    if (rows.length < batch) return
    after = rows.at(-1)!.id
  }
}

/** The ids of them alone, in their order. */
export async function idsToEvaluate(client: Client, input: WhoIsDue): Promise<string[]> {
  await findDue(client, input)
  const { rows } = await client.query<{ id: string }>('select id from eval_due order by id')
  return rows.map((row) => row.id)
}

interface WhoIsDue { planId: string | null; applying: string | null; revision: number; only: string[] | null; asOf: string }

async function findDue(client: Client, input: WhoIsDue): Promise<void> {
  await client.query(`create temp table unsettled (person_id uuid primary key) on commit drop`)
  if (input.only === null) {
    // What is wrong with somebody is looked at until it is over: a plan that does not look at them would call it resolved.
    await client.query(`insert into unsettled select distinct person_id from finding where resolved_at is null and person_id is not null`)
  }
  if (input.planId !== null && input.only === null) {
    await client.query(
      `insert into unsettled select distinct d.person_id
         from desired_account d left join account a on a.person_id = d.person_id and a.job_id = d.job_id and a.person_id is not null and a.gone_at is null
        where a.person_id is null or d.wanted = 'broken'
       on conflict do nothing`)
  }
  if (input.applying !== null && input.only === null) {
    await client.query(
      `insert into unsettled select distinct c.person_id from plan_change c join desired_account d on d.person_id = c.person_id and d.job_id = c.job_id
        where c.plan_id = $1 and c.stage = 2 and c.kind = 'create' and c.state in ('waiting', 'again') and (c.subject <> d.name or d.wanted = 'broken')
       on conflict do nothing`, [input.applying])
  }
  if (input.only !== null) {
    await client.query(
      `insert into eval_due select p.id from person p where p.id = any($2::uuid[])
       union select pp.person_id from plan_person pp where pp.plan_id = $1 and pp.person_id = any($2)`, [input.planId, input.only])
  } else {
    await client.query(
      `insert into eval_due select distinct id from (
         select pp.person_id as id from plan_person pp where pp.plan_id = $1
         union all
         select p.id from person p
          where p.evaluated_at is null or p.changed_at >= p.evaluated_at or p.evaluated_revision <> $2 or p.state = 'before-start' or p.next_change_at <= $3
             or p.id in (select person_id from unsettled)
       ) x`, [input.planId, input.revision, input.asOf])
  }
  await client.query('analyze eval_due')
}

/** These few people as they are; `due`: their time has come, as with a position that begins or ends. */
export async function peopleAsTheyAre(client: Client, ids: string[], asOf: string): Promise<(PersonToEvaluate & { due: boolean })[]> {
  const { rows } = await client.query<PersonToEvaluate & { due: boolean }>(
    `select p.id, p.attributes, p.positions, ${cutsOf('p.id')}, p.changed_at::text as "changedAt", coalesce(p.next_change_at <= $2, false) as due
       from person p where p.id = any ($1::uuid[]) order by p.id`, [ids, asOf])
  return rows
}

/** What these rules give these people until now. */
export async function rulesGivenBefore(client: Client, pairs: { personId: string; ruleId: string }[]): Promise<EvaluatedRows['reasons']> {
  const { rows } = await client.query<EvaluatedRows['reasons'][number]>(
    `select r.person_id, r.kind, r.role_id, null as job_id, r.rule_id, r.position_key
       from reason r join unnest($1::uuid[], $2::text[]) as u (person_id, rule_id) using (person_id, rule_id) where r.kind = 'rule' and r.valid_until is null`,
    [pairs.map((p) => p.personId), pairs.map((p) => p.ruleId)])
  return rows
}

/** Whether nobody has been given anything that an evaluation would have to take back. */
export async function isNothingGiven(client: Client, asOf: string): Promise<boolean> {
  const { rows: [row] } = await client.query<{ nothing: boolean }>(
    `select not exists (select from desired_account) and not exists (select from reason where valid_until is null)
        and not exists (select from reason where valid_until > $1) as nothing`, [asOf])
  return row!.nothing
}

/** Stores this transaction's evaluation: desired accounts, rule and scope reasons, and the end of reasons of people who ended. */
export async function storeEvaluation(client: Client, input: { planId: string; revision: number; now: string; actor: string }): Promise<void> {
  const { planId, revision, now, actor } = input
  await lockPeople(client, 'select person_id from eval_person')
  await forgetWhoChanged(client)
  await client.query(
    `delete from desired_account d using eval_person p
      where d.person_id = p.person_id and not exists (select from eval_account e where e.person_id = d.person_id and e.job_id = d.job_id)`)
  await client.query(
    `insert into desired_account (person_id, job_id, system_id, wanted, attributes, clear, name)
     select person_id, job_id, system_id, wanted, attributes, clear, name from eval_account
     on conflict (person_id, job_id) do update
       set system_id = excluded.system_id, wanted = excluded.wanted, attributes = excluded.attributes, clear = excluded.clear, name = excluded.name
     where (desired_account.wanted, desired_account.attributes, desired_account.clear, desired_account.name)
        is distinct from (excluded.wanted, excluded.attributes, excluded.clear, excluded.name)`)
  await client.query(`delete from desired_reference d using eval_person p where d.person_id = p.person_id`)
  await client.query(`insert into desired_reference (person_id, job_id, attribute, key_attribute, value) select * from eval_reference on conflict do nothing`)
  // Reasons that no longer hold end now; nothing is deleted.
  await client.query(
    `update reason r set valid_until = greatest($1::timestamptz, r.valid_from) from eval_person p
      where r.person_id = p.person_id and r.valid_until is null and r.kind in ('rule', 'scope')
        and not exists (select from eval_reason e where e.person_id = r.person_id and e.kind = r.kind
                          and e.role_id is not distinct from r.role_id and e.job_id is not distinct from r.job_id and e.rule_id is not distinct from r.rule_id)`, [now])
  await client.query(
    `with cut as (
       select r.id, r.person_id, r.kind, r.valid_until from reason r join eval_person p on p.person_id = r.person_id
        where p.state = 'ended' and (r.valid_until is null or r.valid_until > $1) for update of r),
     ended as (
       update reason r set valid_until = greatest($1::timestamptz, r.valid_from), until_agreed_at = greatest($1::timestamptz, r.valid_from) from cut where cut.id = r.id)
     ${keepCut}`, [now])
  await client.query(
    `insert into reason (person_id, kind, role_id, job_id, rule_id, position_key, policy_revision, valid_from, made_by, made_at, plan_id)
     select e.person_id, e.kind, e.role_id, e.job_id, e.rule_id, e.position_key, $2, $1, $3, $1, $4 from eval_reason e
     on conflict do nothing`, [now, revision, actor, planId])
  await client.query(
    `insert into reason (person_id, kind, entitlement_id, rule_id, former_role_id, policy_revision, valid_from, valid_until, until_agreed_at, made_by, made_at, plan_id)
     select person_id, 'grace', entitlement_id, rule_id, former_role_id, $2, $1, valid_until, $1, $3, $1, $4 from eval_grace`, [now, revision, actor, planId])
  await client.query(
    `update person set evaluated_revision = $1, evaluated_at = $2 from eval_person p
      where person.id = p.person_id and (person.evaluated_revision <> $1 or person.evaluated_at is null or person.changed_at >= person.evaluated_at)`,
    [revision, now])
}

/** People written by somebody else since they were evaluated, as leavers are, stay as that one left them: they are evaluated anew. */
async function forgetWhoChanged(client: Client): Promise<void> {
  const { rowCount } = await client.query(
    `delete from eval_person e using person p where p.id = e.person_id and p.changed_at is distinct from e.changed_at`)
  if (rowCount === 0) return
  for (const table of ['eval_account', 'eval_reference', 'eval_reason', 'eval_grace']) {
    await client.query(`delete from ${table} e where not exists (select from eval_person p where p.person_id = e.person_id)`)
  }
}
