/**
 * What people should have, as rows. While a plan is computed, the people whom it evaluates are in temporary tables
 * (`eval_*`), laid over the stored rows; when the plan is applied, the same rows are stored.
 */
import type { Client } from './database.ts'
import { cutsOf } from './person-end.ts'

/** Which rows a question is asked of: what is stored, or that with this transaction's evaluation laid over it. */
export type Layer = 'stored' | 'overlay'

export async function openOverlay(client: Client): Promise<void> {
  await client.query(`
    create temp table eval_due (id uuid primary key) on commit drop;
    create temp table eval_person (person_id uuid primary key, attributes jsonb not null, state text not null, ended_at timestamptz) on commit drop;
    create temp table eval_account (
      person_id uuid, job_id text, system_id text, wanted text, attributes jsonb, clear text[], name text,
      matched_account_id bigint, matched_by text, primary key (person_id, job_id)) on commit drop;
    create temp table eval_reference (person_id uuid, job_id text, attribute text, key_attribute text, value text) on commit drop;
    create temp table eval_reason (person_id uuid, kind text, role_id text, job_id text, rule_id text, position_key text) on commit drop`)
}

export async function analyzeOverlay(client: Client): Promise<void> {
  await client.query('analyze eval_person; analyze eval_account; analyze eval_reference; analyze eval_reason')
}

const outsideOverlay = (person: string) => `not exists (select from eval_person ev where ev.person_id = ${person})`

/** SQL for the relations that comparisons read. `$asOf` inside is replaced by the caller's placeholder. */
export function relations(layer: Layer, asOf: string) {
  const living = `valid_from <= ${asOf} and (valid_until is null or valid_until > ${asOf})`
  if (layer === 'stored') {
    return {
      people: `(select id, attributes, state from person)`,
      desired: `(select person_id, job_id, system_id, wanted, attributes, clear, name, null::bigint as matched_account_id, null::text as matched_by from desired_account)`,
      references: `(select person_id, job_id, attribute, key_attribute, value from desired_reference)`,
      reasons: `(select person_id, kind, role_id, entitlement_id, rule_id, made_by, valid_from, valid_until from reason where kind <> 'scope' and ${living})`,
    }
  }
  return {
    people: `(select person_id as id, attributes, state from eval_person union all select id, attributes, state from person where ${outsideOverlay('person.id')})`,
    desired: `(select * from eval_account union all
      select person_id, job_id, system_id, wanted, attributes, clear, name, null, null from desired_account d where ${outsideOverlay('d.person_id')})`,
    references: `(select * from eval_reference union all
      select person_id, job_id, attribute, key_attribute, value from desired_reference d where ${outsideOverlay('d.person_id')})`,
    reasons: `(select person_id, kind, role_id, null::bigint as entitlement_id, rule_id, 'usher' as made_by, ${asOf}::timestamptz as valid_from, null::timestamptz as valid_until
        from eval_reason where kind = 'rule'
      union all
      select person_id, kind, role_id, entitlement_id, rule_id, made_by, valid_from, valid_until from reason r
       where kind <> 'scope' and ${living} and not (kind = 'rule' and exists (select from eval_person ev where ev.person_id = r.person_id)))`,
  }
}

/**
 * People who must be evaluated: those whom the plan changes, those who changed since they were last evaluated, everybody
 * after a policy edit, those who are still to start (their accounts become due by the calendar), and, for a plan, those
 * whose account is wanted and not there: what the systems show now may fit them, or be in their way.
 */
export async function* peopleToEvaluate(client: Client, input: { planId: string | null; revision: number; only: string[] | null; asOf: string }, batch = 2000) {
  await client.query(`create temp table unsettled (person_id uuid primary key) on commit drop`)
  if (input.planId !== null) {
    await client.query(
      `insert into unsettled select distinct d.person_id from desired_account d left join account a on a.person_id = d.person_id and a.job_id = d.job_id and a.gone_at is null
        where a.id is null or d.wanted = 'broken'`)
  }
  await client.query(
    `insert into eval_due select distinct id from (
       select pp.person_id as id from plan_person pp where pp.plan_id = $1
       union all
       select p.id from person p
        where p.evaluated_at is null or p.changed_at >= p.evaluated_at or p.evaluated_revision <> $2 or p.state = 'before-start' or p.next_change_at <= $4
           or p.id = any($3::uuid[]) or p.id in (select person_id from unsettled)
     ) x where $3::uuid[] is null or id = any($3)`, [input.planId, input.revision, input.only, input.asOf])
  await client.query('analyze eval_due')
  for (let after: string | null = null; ;) {
    const { rows }: { rows: { id: string; attributes: Record<string, never>; positions: never[]; cuts: string[] }[] } = await client.query(
      `with due as (select array(select id from eval_due where $2::uuid is null or id > $2 order by id limit $3) as ids),
            planned as (select pp.person_id as id, pp.attributes, pp.positions, ${cutsOf('pp.person_id')} from plan_person pp where pp.plan_id = $1 and pp.person_id = any (array(select unnest(ids) from due)))
       select * from planned
       union all
       select p.id, p.attributes, p.positions, ${cutsOf('p.id')} from person p
        where p.id = any (array(select unnest(ids) from due)) and not exists (select from planned where planned.id = p.id)
       order by id`, [input.planId, after, batch])
    if (rows.length === 0) return
    yield rows
    if (rows.length < batch) return
    after = rows.at(-1)!.id
  }
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
    `update reason r set valid_until = greatest($1::timestamptz, r.valid_from) from eval_person p
      where r.person_id = p.person_id and p.state = 'ended' and (r.valid_until is null or r.valid_until > $1)`, [now])
  await client.query(
    `insert into reason (person_id, kind, role_id, job_id, rule_id, position_key, policy_revision, valid_from, made_by, made_at, plan_id)
     select e.person_id, e.kind, e.role_id, e.job_id, e.rule_id, e.position_key, $2, $1, $3, $1, $4 from eval_reason e
     on conflict do nothing`, [now, revision, actor, planId])
  await client.query(
    `update person set evaluated_revision = $1, evaluated_at = $2 from eval_person p
      where person.id = p.person_id and (person.evaluated_revision <> $1 or person.evaluated_at is null or person.changed_at >= person.evaluated_at)`,
    [revision, now])
}

/** The rows of `role_entitlement`, made anew from the policy and what the systems show; only differences are written. */
export async function storeRoleEntitlements(client: Client, grants: { roleId: string; systemId: string; entitlement: string }[]): Promise<{ roleId: string; systemId: string; entitlement: string }[]> {
  const columns = [grants.map((g) => g.roleId), grants.map((g) => g.systemId), grants.map((g) => g.entitlement)]
  await client.query(
    `create temp table wanted_grant on commit drop as
     select w.role_id, w.system_id, w.entitlement, e.id as entitlement_id
       from unnest($1::text[], $2::text[], $3::text[]) as w (role_id, system_id, entitlement)
       left join lateral (
         select id from entitlement e
          where e.system_id = w.system_id and e.gone_at is null
            and (e.native_id = w.entitlement or lower(e.name) = lower(w.entitlement) or lower(e.attributes ->> 'cn') = lower(w.entitlement))
          order by e.native_id = w.entitlement desc, lower(e.name) = lower(w.entitlement) desc, e.id limit 1
       ) e on true`, columns)
  await client.query(
    `delete from role_entitlement r where not exists
       (select from wanted_grant w where w.role_id = r.role_id and w.entitlement_id = r.entitlement_id)`)
  await client.query(
    `insert into role_entitlement (role_id, entitlement_id)
     select distinct role_id, entitlement_id from wanted_grant where entitlement_id is not null on conflict do nothing`)
  const { rows } = await client.query<{ roleId: string; systemId: string; entitlement: string }>(
    `select distinct role_id as "roleId", system_id as "systemId", entitlement from wanted_grant where entitlement_id is null`)
  await client.query('drop table wanted_grant')
  return rows
}

