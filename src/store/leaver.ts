/** People who leave: who is due, whose turn it is, and what is left of them in each system. */
import type { Attributes } from '../domain/value.ts'
import type { Position, PersonState } from '../domain/person.ts'
import { isUnderWay } from './batch.ts'
import { cutsOf } from './person-end.ts'
import type { Client, Db } from './database.ts'

/** What `listen` hears when somebody leaves. */
export const leaverChannel = 'usher_leaver'

export type LeaverCause = 'hand' | 'date' | 'source'

export interface LeaverRow {
  id: string
  personId: string
  cause: LeaverCause
  actor: string
  startedAt: string
  planId: string | null
}

const columns = `l.id, l.person_id as "personId", l.cause, l.actor, l.started_at as "startedAt", l.plan_id as "planId"`

/** Wakes whoever waits for leavers, in any process; heard when the transaction commits. */
export async function callForLeavers(db: Db): Promise<void> {
  await db.query(`select pg_notify('${leaverChannel}', '')`)
}

/** Those of these people who have left already have something more now: their clocks run on, and the lane takes it. */
export async function reopenClocks(client: Client, people: string[], now: string): Promise<void> {
  const { rowCount } = await client.query(
    `update leaver l set gone_at = null, plan_id = null, look_at = $2 from person p
      where p.id = l.person_id and p.state = 'ended' and l.person_id = any ($1::uuid[]) and l.returned_at is null`, [people, now])
  if (rowCount !== 0) await callForLeavers(client)
}

/** Ends set by hand whose instant has come start a clock. Returns how many. */
export async function startEndsByHand(db: Db, now: string): Promise<number> {
  const { rowCount } = await db.query(
    `insert into leaver (id, person_id, cause, end_id, actor, effective_at, received_at, started_at, look_at)
     select gen_random_uuid(), e.person_id, 'hand', e.id, e.made_by, e.effective_at, e.made_at, greatest(e.effective_at, e.made_at), $1
       from person_end e
      where e.lifted_at is null and e.effective_at <= $1 and e.effective_at > $1::timestamptz - interval '30 days'
        and not exists (select from leaver l where l.end_id = e.id)
      order by e.effective_at
     on conflict (person_id) where returned_at is null do nothing`, [now])
  return rowCount ?? 0
}

export interface DueEnd {
  id: string
  positions: Position[]
  cuts: string[]
  /** A source brought the end forward since the position was first accepted. */
  shortened: boolean
}

/** People all of whose positions have an end about now or before, and who have not been taken out. */
export async function endsByDate(db: Db, now: string, limit: number): Promise<DueEnd[]> {
  const { rows } = await db.query<DueEnd>(
    `select p.id, p.positions, ${cutsOf('p.id')},
            exists (select from person_version v, jsonb_array_elements(v.positions) was, jsonb_array_elements(p.positions) is_now
                     where v.person_id = p.id and was ->> 'key' = is_now ->> 'key' and is_now ->> 'end' < coalesce(was ->> 'end', 'never')) as shortened
       from person p
      where p.next_change_at <= $1 and p.state <> 'ended'
        and not exists (select from jsonb_array_elements(p.positions) x
                         where coalesce(x ->> 'end', 'never') > to_char($1::timestamptz + interval '1 day', 'YYYY-MM-DD'))
        and not exists (select from leaver l where l.person_id = p.id and l.returned_at is null)
      order by p.next_change_at limit $2`, [now, limit])
  return rows
}

/** Leavers of a day whose date had come, for the brake on those whose date was brought forward. */
export async function leftByDateLately(db: Db, now: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::int as n from leaver where cause = 'date' and started_at > $1::timestamptz - interval '1 day'`, [now])
  return rows[0]!.n
}

export async function insertLeavers(client: Client, leavers: { id: string; personId: string; cause: LeaverCause; actor: string; effectiveAt: string; receivedAt: string }[], now: string): Promise<void> {
  await client.query(
    `insert into leaver (id, person_id, cause, actor, effective_at, received_at, started_at, look_at)
     select u.id, u.person_id, u.cause, u.actor, u.effective_at, u.received_at, greatest(u.effective_at, u.received_at), $7
       from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) as u (id, person_id, cause, actor, effective_at, received_at)
     on conflict (person_id) where returned_at is null do nothing`,
    [leavers.map((l) => l.id), leavers.map((l) => l.personId), leavers.map((l) => l.cause), leavers.map((l) => l.actor),
      leavers.map((l) => l.effectiveAt), leavers.map((l) => l.receivedAt), now])
}

/**
 * Leavers whose turn it is; nobody else gets them before `until`, unless they are put back earlier. Those without a plan
 * come first.
 */
export async function claimLeavers(db: Db, now: string, until: string, limit: number): Promise<LeaverRow[]> {
  const { rows } = await db.query<LeaverRow>(
    `update leaver l set look_at = $2
      where l.id = any(array(select id from leaver where look_at <= $1 order by plan_id is not null, look_at limit $3 for update skip locked))
      returning ${columns}`, [now, until, limit])
  return rows
}

/** When something is next to do: an end set by hand, a change of somebody's state, a leaver to look at. */
export async function nextLeaverInstant(db: Db, now: string): Promise<string | null> {
  const { rows } = await db.query<{ at: string | null }>(
    `select least(
       (select min(effective_at) from person_end where lifted_at is null and effective_at > $1),
       (select min(next_change_at) from person where next_change_at > $1),
       (select min(look_at) from leaver where look_at is not null)) as at`, [now])
  return rows[0]!.at
}

export interface LeavingPerson {
  id: string
  attributes: Attributes
  positions: Position[]
  contributions: unknown
  state: PersonState
  nextChangeAt: string | null
  cuts: string[]
  jobId: string | null
}

/** People as they are, kept from changing until the transaction ends. */
export async function lockLeavingPeople(client: Client, ids: string[]): Promise<LeavingPerson[]> {
  const { rows } = await client.query<LeavingPerson>(
    `select p.id, p.attributes, p.positions, p.contributions, p.state, p.next_change_at as "nextChangeAt", ${cutsOf('p.id')},
            (select min(r.job_id) from record r where r.person_id = p.id) as "jobId"
       from person p where p.id = any ($1) order by p.id for no key update of p`, [ids])
  return rows
}

export interface LeaversAccount {
  personId: string
  systemId: string
  jobId: string
  id: string
  name: string
  protected: boolean
}

export async function accountsOfLeavers(db: Db, people: string[]): Promise<LeaversAccount[]> {
  const { rows } = await db.query<LeaversAccount>(
    `select person_id as "personId", system_id as "systemId", job_id as "jobId", id, name, protected
       from account where person_id = any ($1) and gone_at is null and job_id is not null order by system_id, name, id`, [people])
  return rows
}

/** The clock that counts for a person now. */
export async function openLeaver(db: Db, personId: string): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>('select id from leaver where person_id = $1 and returned_at is null', [personId])
  return rows[0]?.id ?? null
}

/** SQL: of the reasons that leaving ends now (`cut`), what comes back where somebody takes the end back is kept with the clock. */
export const keepCut = `update leaver l set cut_reasons = l.cut_reasons || c.reasons
       from (select person_id, jsonb_agg(jsonb_build_object('id', id, 'until', valid_until)) as reasons from cut
              where kind in ('role', 'manual', 'found') group by person_id) c
      where l.person_id = c.person_id and l.returned_at is null`

/** Who has ended wants nothing: their desired accounts go, and every reason that lives ends now. */
export async function settleLeavers(client: Client, people: string[], now: string): Promise<void> {
  await client.query(
    `with nothing as (delete from desired_reference where person_id = any ($1)),
     none as (delete from desired_account where person_id = any ($1)),
     cut as (
       select id, person_id, kind, valid_until from reason where person_id = any ($1) and (valid_until is null or valid_until > $2) for update),
     ended as (
       update reason r set valid_until = greatest($2::timestamptz, r.valid_from) from cut where cut.id = r.id)
     ${keepCut}`, [people, now])
}

/** What leaving cut comes back as new reasons, as far as it would still live. */
export async function restoreReasons(client: Client, leaverId: string, now: string): Promise<number> {
  const { rowCount } = await client.query(
    `insert into reason (person_id, kind, role_id, system_id, entitlement_id, job_id, rule_id, position_key, policy_revision, valid_from, valid_until, note, made_by, made_at)
     select r.person_id, r.kind, r.role_id, r.system_id, r.entitlement_id, r.job_id, r.rule_id, r.position_key, r.policy_revision, greatest($2::timestamptz, r.valid_from),
            (c ->> 'until')::timestamptz, r.note, r.made_by, $2
       from leaver l cross join jsonb_array_elements(l.cut_reasons) c join reason r on r.id = (c ->> 'id')::bigint
      where l.id = $1 and (c ->> 'until' is null or (c ->> 'until')::timestamptz > $2)
     on conflict do nothing`, [leaverId, now])
  return rowCount ?? 0
}

export interface LeaverSystemRow {
  leaverId: string
  systemId: string
  state: 'to-do' | 'waits' | 'unmanaged' | 'gone'
  accounts: { id: string; name: string }[]
  words: string | null
}

/** The systems in which somebody has something when the clock starts; known ones keep what they measured. */
export async function insertLeaverSystems(client: Client, rows: LeaverSystemRow[]): Promise<void> {
  await client.query(
    `insert into leaver_system (leaver_id, system_id, state, accounts, words)
     select leaver_id, system_id, state, accounts, words
       from jsonb_to_recordset($1::jsonb) as u (leaver_id uuid, system_id text, state text, accounts jsonb, words text)
     on conflict (leaver_id, system_id) do update set accounts = excluded.accounts, state = excluded.state, words = excluded.words`,
    [JSON.stringify(rows.map((r) => ({ leaver_id: r.leaverId, system_id: r.systemId, state: r.state, accounts: r.accounts, words: r.words })))])
}

export async function setLeaverPlan(client: Client, leavers: string[], planId: string): Promise<void> {
  await client.query('update leaver set plan_id = $2 where id = any ($1)', [leavers, planId])
}

/** They are back, or never left: the clock no longer counts. */
export async function markReturned(db: Db, leavers: string[], now: string): Promise<void> {
  await db.query('update leaver set returned_at = $2, look_at = null where id = any ($1) and returned_at is null', [leavers, now])
}

/** People whom a plan brought back, and for whom others wrote something after the plan had looked, or are still at it. */
export async function changedBeforeReturn(db: Db, planId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct back.person_id as id
       from plan p
       join plan_change back on back.plan_id = p.id and back.stage = 1 and back.kind = 'enable' and back.state = 'done'
       join plan_change c on c.person_id = back.person_id and c.plan_id <> p.id and c.stage = 2
      where p.id = $1 and (c.state = 'done' and c.done_at > p.as_of or ${isUnderWay('c')}) order by 1`, [planId])
  return rows.map((r) => r.id)
}

export async function lookAgainAt(db: Db, leavers: string[], at: string): Promise<void> {
  await db.query('update leaver set look_at = $2 where id = any ($1) and look_at is not null', [leavers, at])
}
