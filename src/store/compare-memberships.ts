/** Memberships to have and memberships there, compared: all people at once, as sets. */
import type { Client } from './database.ts'
import { relations, type Layer } from './overlay.ts'

export interface CompareMembershipsInput {
  layer: Layer
  asOf: string
  /** Null: everybody. */
  only: string[] | null
  /** Entitlement ids whose members are exactly those with a reason. */
  authoritative: string[]
}

/** Adds to `differing` the accounts of jobs in `taking_part` that lack a membership or have one too many. */
export async function compareMemberships(client: Client, { layer, asOf, only, authoritative }: CompareMembershipsInput): Promise<void> {
  const r = relations(layer, '$1')
  // Of few people the question would cost more than the answer saves.
  if (only === null && !await isAnythingHeld(client, r, asOf)) return
  await client.query(`
    drop table if exists suspect, want_membership;
    create temp table suspect (account_id bigint primary key, entitled boolean) on commit drop;
    create temp table want_membership (account_id bigint, entitlement_id bigint) on commit drop`)
  await findSuspects(client, r, asOf, only)
  await client.query(
    `insert into want_membership
     select distinct a.id, e.id
       from suspect s
       join account a on a.id = s.account_id
       join taking_part t on t.job_id = a.job_id and t.holder
       cross join lateral (
         select re.entitlement_id from ${r.reasons} r join role_entitlement re on re.role_id = r.role_id where r.person_id = a.person_id
         union all
         select r.entitlement_id from ${r.reasons} r where r.person_id = a.person_id and r.entitlement_id is not null
         offset 0) g
       join entitlement e on e.id = g.entitlement_id and e.gone_at is null and e.system_id = t.system_id
      where s.entitled and $1::timestamptz is not null`, [asOf])
  await client.query('analyze want_membership')
  await client.query(
    `insert into differing
     select distinct a.person_id, a.job_id
       from (select account_id, entitlement_id from want_membership except
             select account_id, entitlement_id from membership join suspect using (account_id)) missing
       join account a on a.id = missing.account_id
     on conflict do nothing`)
  await client.query(
    `insert into differing
     select distinct a.person_id, a.job_id
       from suspect s
       join account a on a.id = s.account_id
       join membership m on m.account_id = s.account_id and (m.origin <> 'unknown' or m.entitlement_id = any($1::bigint[]))
       left join want_membership w on w.account_id = m.account_id and w.entitlement_id = m.entitlement_id
      where w.account_id is null
     on conflict do nothing`, [authoritative])
}

/** Whether anybody holds, or is to hold, anything at all: of systems without groups there is nothing to compare. */
async function isAnythingHeld(client: Client, r: ReturnType<typeof relations>, asOf: string): Promise<boolean> {
  const { rows: [row] } = await client.query<{ held: boolean }>(
    `select exists (select from membership) or exists (select from ${r.reasons} r where (role_id is not null or entitlement_id is not null) and $1::timestamptz is not null) as held`, [asOf])
  return row!.held
}

/**
 * Accounts whose set of memberships is not simply the set that its person's roles make. Many people have the same roles,
 * so the sets are made once per combination; nearly everybody is as they should be and is looked at no further.
 */
async function findSuspects(client: Client, r: ReturnType<typeof relations>, asOf: string, only: string[] | null): Promise<void> {
  const person = (column: string) => `($2::uuid[] is null or ${column} = any($2))`
  await client.query(
    `with eligible as (
       select a.id, a.person_id, t.system_id, d.wanted is not null and p.state <> 'ended' as entitled
         from account a
         join taking_part t on t.job_id = a.job_id and t.holder
         join ${r.people} p on p.id = a.person_id
         left join ${r.desired} d on d.person_id = a.person_id and d.job_id = a.job_id
        where a.gone_at is null and not a.protected and ${person('a.person_id')} and coalesce(d.wanted, 'none') <> 'broken'),
     by_role as materialized (
       select person_id, array_agg(distinct role_id order by role_id) as roles
         from ${r.reasons} r where role_id is not null and ${person('person_id')} group by person_id),
     combination as materialized (
       select c.roles, e.system_id, array_agg(distinct e.id order by e.id) as ids
         from (select distinct roles from by_role) c
         join role_entitlement re on re.role_id = any(c.roles)
         join entitlement e on e.id = re.entitlement_id and e.gone_at is null
        group by 1, 2),
     direct as materialized (
       select r.person_id, e.system_id, array_agg(distinct e.id order by e.id) as ids
         from ${r.reasons} r join entitlement e on e.id = r.entitlement_id and e.gone_at is null where ${person('r.person_id')} group by 1, 2),
     held as materialized (
       select account_id, array_agg(entitlement_id order by entitlement_id) as ids from membership
        where $2::uuid[] is null or account_id in (select id from account where person_id = any($2)) group by account_id)
     insert into suspect
     select el.id, el.entitled
       from eligible el
       left join by_role b on b.person_id = el.person_id and el.entitled
       left join combination c on c.roles = b.roles and c.system_id = el.system_id
       left join direct x on x.person_id = el.person_id and x.system_id = el.system_id and el.entitled
       left join held h on h.account_id = el.id
      where coalesce(h.ids, '{}') <> case when x.ids is null then coalesce(c.ids, '{}')
                                          else array(select unnest(c.ids) union select unnest(x.ids) order by 1) end`, [asOf, only])
  await client.query('analyze suspect')
}
