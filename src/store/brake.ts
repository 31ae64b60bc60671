/** What brakes count: which changes of a plan, how many of other plans, of how many there are; and what holds them. */
import type { ChangeKind } from '../domain/plan.ts'
import { together, type Client, type Db } from './database.ts'
import { arrivalDigests } from './people-bulk.ts'
import { endWaits } from './person-end.ts'

/** Changes of one kind in one system; `privileged`: only those of privileged entitlements. */
export interface Branch {
  systemId: string
  kind: ChangeKind
  privileged: boolean
}

/** An operator released this person, who had vanished: what follows for them is not braked once more. */
const releasedPerson = `(
  exists (select from plan_change p where p.plan_id = c.plan_id and p.stage = 1 and p.person_id = c.person_id and p.code is not null and p.state not in ('held', 'observed'))
  or (c.kind in ('disable', 'revoke') and person.state = 'ended' and exists (
    select from (select l.code from plan_change l where l.person_id = c.person_id and l.stage = 1 and l.kind = 'disable' and l.state = 'done' order by l.done_at desc limit 1) l
     where l.code is not null)))`

/** Whether the dates with which the person's last position ends were there since it was first accepted, or only moved to later. */
const agreedDates = `not exists (
  select from jsonb_array_elements(person.positions) pos
   where (pos ->> 'end' is null or pos ->> 'end' = (select max(e ->> 'end') from jsonb_array_elements(person.positions) e))
     and (pos ->> 'end' is null or pos ? 'missingSince' or exists (
       select from person_version v, jsonb_array_elements(v.positions) was
        where v.person_id = person.id and was ->> 'key' = pos ->> 'key' and (was ->> 'end' is null or was ->> 'end' > pos ->> 'end'))))`

/** A human ended this very person, who has not come back since. */
const endedByHand = `(c.kind in ('disable', 'revoke') and (
  exists (select from leaver l where l.person_id = c.person_id and l.returned_at is null and l.cause = 'hand') or ${endWaits('c.person_id', '$2')}))`

/** The person leaves on a day that was agreed, and nothing about their positions changes with the plan. */
const agreedLeaving = `(c.kind in ('disable', 'revoke')
  and coalesce((select o.state from plan_overlay o where o.plan_id = c.plan_id and o.person_id = c.person_id), person.state) = 'ended'
  and not exists (select from plan_change p where p.plan_id = c.plan_id and p.stage = 1 and p.person_id = c.person_id and (p.before is null or p.before ? 'positions'))
  and ${agreedDates})`

/** SQL: the last plan before this one that compared each system as a whole. */
const lookedBefore = `looked as materialized (
  select s.system_id, p.id, p.as_of
    from (select distinct system_id from planned_count where plan_id = $1 and kind = 'revoke') s
   cross join lateral (
     select id, as_of from plan
      where id <> $1 and state not in ('computing', 'failed') and not forecast and aim is null and basis -> 'observations' ? s.system_id
      order by number desc limit 1) p)`

/**
 * The last reason for the access was ended by a person, or at the instant that was fixed when it was given. An end after which
 * a plan saw nothing to revoke is not why it is revoked now: something else has given the access since.
 */
const agreedRevoke = `(c.kind = 'revoke' and exists (
  select from (
    select r.kind, r.valid_until, r.until_agreed_at, r.ended_by from reason r
     where r.person_id = c.person_id
       and (r.entitlement_id = c.entitlement_id or exists (select from role_entitlement e where e.role_id = r.role_id and e.entitlement_id = c.entitlement_id))
     order by r.valid_until desc nulls first limit 1) last
   where last.kind in ('role', 'manual', 'found') and last.valid_until <= $2 and (last.ended_by is not null or last.until_agreed_at < last.valid_until)
     and not exists (
       select from looked where looked.system_id = c.system_id and looked.as_of >= last.valid_until and not exists (
         select from plan_change w where w.plan_id = looked.id and w.person_id = c.person_id and w.kind = 'revoke' and w.entitlement_id = c.entitlement_id))))`

/** Somebody gave it to this very person, and the role has not been edited since. */
const givenByHand = `(c.kind = 'grant' and exists (
  select from reason r where r.person_id = c.person_id and r.kind in ('role', 'manual') and r.valid_from <= $2 and (r.valid_until is null or r.valid_until > $2)
     and (r.entitlement_id = c.entitlement_id or (r.policy_revision = (select policy_revision from plan where plan.id = c.plan_id)
       and exists (select from role_entitlement e where e.role_id = r.role_id and e.entitlement_id = c.entitlement_id)))))`

/** Entitlements that a system's policy marks by name or id; `*` matches any text. */
export async function privilegedIds(client: Client, marked: { systemId: string; pattern: string }[]): Promise<string[]> {
  if (marked.length === 0) return []
  const like = (pattern: string): string => pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%')
  const { rows } = await client.query<{ id: string }>(
    `select distinct e.id from entitlement e join unnest($1::text[], $2::text[]) as m (system_id, pattern) on e.system_id = m.system_id
        and (e.native_id ilike m.pattern or e.name ilike m.pattern or e.attributes ->> 'cn' ilike m.pattern)`,
    [marked.map((m) => m.systemId), marked.map((m) => like(m.pattern))])
  return rows.map((r) => r.id)
}

/** Marks those changes of a plan that brakes count. Agreed ends, and what a person decided about one other, are none of them. */
export async function markBraked(client: Client, planId: string, branches: Branch[], privileged: string[], asOf: string): Promise<void> {
  if (branches.length === 0) return
  const ordinary = branches.filter((b) => !b.privileged)
  const known = () => client.query(
    `with ${lookedBefore}
     update plan_change c set braked = case when c.entitlement_id = any ($3::bigint[]) then 'privileged' else 'ordinary' end
       from person
      where c.plan_id = $1 and c.state in ('planned', 'held') and c.code is null and person.id = c.person_id
        and ((c.system_id, c.kind) in (select * from unnest($4::text[], $5::text[])) or (c.kind in ('grant', 'revoke') and c.entitlement_id = any ($3::bigint[])))
        and not ${releasedPerson} and not ${endedByHand} and not ${agreedLeaving} and not ${agreedRevoke} and not ${givenByHand}`,
    [planId, asOf, privileged, ordinary.map((b) => b.systemId), ordinary.map((b) => b.kind)])
  // People who are still to come have no row of their own yet.
  const coming = () => client.query(
    `update plan_change c set braked = case when c.entitlement_id = any ($2::bigint[]) then 'privileged' else 'ordinary' end
      where c.plan_id = $1 and c.state in ('planned', 'held') and c.code is null and not exists (select from person where person.id = c.person_id)
        and ((c.system_id, c.kind) in (select * from unnest($3::text[], $4::text[])) or (c.kind = 'grant' and c.entitlement_id = any ($2::bigint[])))`,
    [planId, privileged, ordinary.map((b) => b.systemId), ordinary.map((b) => b.kind)])
  await together(client, known, coming)
}

/** How many counted changes of each kind a plan has, with those that are held. `arrivals`: new people in great numbers count, too. */
export async function plannedBranches(client: Client, planId: string, arrivals: boolean): Promise<{ systemId: string; kind: ChangeKind; planned: number; privileged: number }[]> {
  const { rows } = await client.query(
    `select system_id as "systemId", kind, sum(n)::int as planned, sum(privileged)::int as privileged
       from (select system_id, kind, 1 as n, (braked = 'privileged')::int as privileged from plan_change
              where plan_id = $1 and braked is not null and code is null and state in ('planned', 'held')
             union all select 'people', 'create', people, 0 from plan_arrival where plan_id = $1 and state in ('planned', 'held') and $2) c group by 1, 2`, [planId, arrivals])
  return rows
}

/** How many counted changes other plans did since an instant, or are about to do. */
export async function countedElsewhere(client: Client, planId: string, { systemId, kind, privileged }: Branch, since: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select (select count(*) from braked_change
              where system_id = $2 and kind = $3 and done_at > $5 and plan_id <> $1 and (privileged or not $4))::int
          + (select coalesce(sum(people), 0) from plan_arrival
              where $2 = 'people' and $3 = 'create' and plan_id <> $1 and state in ('waiting', 'done') and (done_at is null or done_at > $5))::int as n`,
    [planId, systemId, kind, privileged, since])
  return rows[0]!.n
}

/** How many accounts, memberships or people there are to compare with; counted no further than `enough` (null: to the end). */
export async function presentSize(client: Client, { systemId, kind, privileged }: Branch, privilegedIds: string[], enough: number | null): Promise<number> {
  const counted = async (rows: string, values: unknown[]): Promise<number> =>
    (await client.query<{ n: number }>(`select count(*)::int as n from (select ${rows} limit $1) c`, [enough, ...values])).rows[0]!.n
  const present = 'a.system_id = $2 and a.person_id is not null and a.gone_at is null'
  if (systemId === 'people') return await counted(`from person where state <> 'ended'`, [])
  if (kind !== 'grant' && kind !== 'revoke') return await counted(`from account a where ${present}`, [systemId])
  if (privileged) return await counted(`from membership m join account a on a.id = m.account_id and ${present} where m.entitlement_id = any ($3::bigint[])`, [systemId, privilegedIds])
  // In the order of two indexes, from where the system's accounts begin: what is not needed is not read.
  return await counted(
    `from membership m join account a on a.id = m.account_id and ${present} where m.account_id >= (select min(a.id) from account a where ${present}) order by a.id`, [systemId])
}

const inBranch = `plan_id = $1 and system_id = $2 and kind = $3 and braked is not null and (braked = 'privileged' or not $4) and code is null`
const branchValues = (planId: string, b: Branch) => [planId, b.systemId, b.kind, b.privileged]

/** Hashes of the changes that a brake looks at, in a stable order. */
export async function branchSet(db: Db, planId: string, branch: Branch): Promise<Buffer[]> {
  const { rows } = await db.query<{ hash: Buffer }>(
    `select hash from plan_change where ${inBranch} and state in ('planned', 'held') order by hash, id`, branchValues(planId, branch))
  const hashes = rows.map((r) => r.hash)
  return branch.systemId === 'people' && branch.kind === 'create' ? [...await arrivalDigests(db, planId), ...hashes] : hashes
}

export async function holdBranch(client: Client, planId: string, branch: Branch): Promise<void> {
  await client.query(`update plan_change set state = 'held' where ${inBranch} and state = 'planned'`, branchValues(planId, branch))
  if (branch.systemId === 'people' && branch.kind === 'create') await client.query(`update plan_arrival set state = 'held' where plan_id = $1 and state = 'planned'`, [planId])
}

/** What somebody released and nothing else holds counts no more: it was looked at. */
export async function countNoMore(client: Client, planId: string, branch: Branch): Promise<void> {
  await client.query(`update plan_change set braked = null where ${inBranch} and state = 'planned'`, branchValues(planId, branch))
}

/** Whether a plan changes people at all; what follows for them is in its second stage. */
export async function changesPeople(client: Client, planId: string): Promise<boolean> {
  const { rows: [row] } = await client.query<{ does: boolean }>(
    'select exists (select from plan_change where plan_id = $1 and stage = 1) or exists (select from plan_arrival where plan_id = $1) as does', [planId])
  return row!.does
}

/** What systems would do because of a person's change waits as long as that change is held. */
export async function peopleHeldSet(client: Client, planId: string): Promise<void> {
  await client.query(
    `update plan_change c set state = 'held' where c.plan_id = $1 and c.stage = 2 and c.state = 'planned'
        and exists (select from planned_change p where p.plan_id = $1 and p.stage = 1 and p.person_id = c.person_id and p.state = 'held')`, [planId])
}

/** Where people are only observed, so is what would follow for them. */
export async function observeWithPeople(client: Client, planId: string): Promise<void> {
  await client.query(
    `update plan_change c set state = 'observed' where c.plan_id = $1 and c.stage = 2 and c.state = 'planned'
        and exists (select from planned_change p where p.plan_id = $1 and p.stage = 1 and p.person_id = c.person_id and p.state = 'observed')`, [planId])
}

/** All but people who vanished: their release has the plan made anew. */
export async function unholdAll(client: Client, planId: string): Promise<void> {
  for (const table of ['plan_change', 'plan_arrival']) {
    await client.query(`update ${table} set state = 'planned' where plan_id = $1 and state = 'held' and code is null`, [planId])
  }
}
