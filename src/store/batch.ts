/** Changes that workers are at, in batches: claimed together, ended together, taken up where a worker is gone. */
import type { ChangeKind, ChangeState } from '../domain/plan.ts'
import type { Attributes } from '../domain/value.ts'
import { pourMin } from './copy.ts'
import { lookUpOnly, type Client, type Db } from './database.ts'

/** A change as it is carried out. */
export interface ChangeRow {
  id: string
  wave: number
  kind: ChangeKind
  systemId: string
  jobId: string | null
  objectType: string | null
  personId: string | null
  accountId: string | null
  entitlementId: string | null
  subject: string
  before: Attributes | null
  after: Attributes | null
  /** Hexadecimal. */
  hash: string
  /** With this one. */
  attempts: number
  /** With which others it was claimed. */
  batchId: string
  /** What became of the last attempt. */
  code: string | null
}

const changeColumns = `id, wave, kind, system_id as "systemId", job_id as "jobId", object_type as "objectType", person_id as "personId",
  account_id as "accountId", entitlement_id as "entitlementId", subject, before, after, encode(hash, 'hex') as hash, attempts + 1 as attempts, code`

/** The ids of all changes that workers are at: asked once, where many are looked for. */
export const allUnderWay = '(select unnest(b.changes) from batch b)'

/** Whether a worker is at a change of `plan_change` under this name: asked for each, where a few are looked at. */
export const isUnderWay = (change: string): string => `exists (select from batch b where b.plan_id = ${change}.plan_id and ${change}.id = any (b.changes))`

export interface Claim {
  planId: string
  systemId: string
  now: string
  /** So many changes at most; and so many more that come along with the creations among them. */
  limit: number
  along: number
  /** Only of people up to this id. */
  upTo: string | null
}

/**
 * The lowest wave of a system that is not over, and its due changes, in their order. What an account that is created is
 * granted comes along with its creation, so that it is looked at and written about once. They are written down as a batch
 * in the same step; their rows stay as they are until they end.
 */
export async function claimChanges(db: Db, { planId, systemId, now, limit, along, upTo }: Claim): Promise<ChangeRow[]> {
  // Each table is asked by its key, a list of ids or `offset 0` sees to that: it is filled and emptied faster than PostgreSQL counts.
  // What is claimed is locked in the list of what is open, where whoever takes a change back from a plan locks it, too.
  const toDo = `o.plan_id = $1 and o.system_id = $2 and (o.state = 'to-do' or o.state = 'again' and o.next_attempt_at <= $3)`
  const underWay = 'select unnest(b.changes) from batch b where b.plan_id = $1 and b.system_id = $2'
  const { rows } = await db.query<ChangeRow>(
    `with next as materialized (
       select o.id, o.kind, o.job_id, o.person_id from open_change o
        where ${toDo} and o.id not in (${underWay}) and ($5::uuid is null or o.person_id <= $5)
          and o.wave <= (select o.wave from open_change o where ${toDo} order by o.wave, o.id limit 1)
        order by o.wave, o.id limit $4 for update skip locked),
     along as materialized (
       select o.id from next n
        cross join lateral (select o.id from open_change o where o.plan_id = $1 and o.system_id = $2 and o.job_id = n.job_id and o.person_id = n.person_id
                               and o.kind = 'grant' and o.state = 'to-do' offset 0 for update skip locked) o
        where n.kind = 'create' limit $6),
     claimed as materialized (select id from next union all select id from along),
     begun as (
       insert into batch (plan_id, system_id, changes, begun_at) select $1, $2, array_agg(id), $3 from claimed having count(*) > 0 returning id)
     select ${changeColumns}, (select id from begun) as "batchId"
       from plan_change where plan_id = $1 and id = any (array(select id from claimed)) order by plan_change.id`, [planId, systemId, now, limit, upTo, along])
  return rows
}

/**
 * What a worker that is gone left under way counts as tried, and is to be done again. Keys of commitments are drawn here
 * once, so that no system waits for what another one draws. The caller holds the plan.
 */
export async function takeUpChanges(db: Db, planId: string): Promise<void> {
  await db.query(
    `with drawn as (
       insert into commitment_key (person_id, key)
       select person_id, uuid_send(gen_random_uuid()) from (select distinct person_id from open_change where plan_id = $1 and state = 'to-do') o
        where person_id is not null and not exists (select from commitment_key k where k.person_id = o.person_id) order by 1
       on conflict do nothing),
     left_behind as (delete from batch where plan_id = $1 returning changes, begun_at)
     update plan_change c set attempts = c.attempts + 1, started_at = coalesce(c.started_at, l.begun_at)
       from left_behind l where c.plan_id = $1 and c.id = any (l.changes)`, [planId])
}

export interface ChangeEnd {
  id: string
  state: ChangeState
  code?: string | null
  words?: string | null
  nextAttemptAt?: string | null
  accountId?: string | null
  answeredId?: string | null
  /** It did not get as far as being tried, so it does not count as an attempt. */
  untried?: boolean
}

/**
 * Within a transaction: nobody may see a failed creation before what waits for it. The changes leave their batch; where it is
 * not there, the worker lost the plan to another one and has no say any more: returns whether it had.
 */
export async function endChanges(db: Client, planId: string, batchId: string, ends: ChangeEnd[], now: string): Promise<boolean> {
  if (ends.length === 0) return true
  const begunAt = await leaveBatch(db, batchId, ends.map((e) => e.id))
  if (begunAt === null) return false
  // By key, whatever PostgreSQL has counted: `case` keeps it from guessing that hardly any is open, `+ 0` from going through all ends for each.
  if (ends.length >= pourMin) await lookUpOnly(db)
  await db.query(
    `update plan_change c set state = u.state, code = u.code, words = u.words, next_attempt_at = u.next_attempt_at, started_at = coalesce(c.started_at, $11),
            account_id = coalesce(u.account_id, c.account_id), answered_id = coalesce(u.answered_id, c.answered_id), attempts = c.attempts + (not u.untried)::int,
            done_at = case when u.state in ('done', 'refused', 'stuck', 'skipped') then $2::timestamptz end
       from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::bigint[], $9::boolean[], $10::text[]) as u (id, state, code, words, next_attempt_at, account_id, untried, answered_id)
      where c.plan_id = $1 and c.id = any ($3) and c.id + 0 = u.id and case when c.state in ('waiting', 'again') then true else false end`,
    [planId, now, ends.map((e) => e.id), ends.map((e) => e.state), ends.map((e) => e.code ?? null), ends.map((e) => e.words ?? null),
      ends.map((e) => e.nextAttemptAt ?? null), ends.map((e) => e.accountId ?? null), ends.map((e) => e.untried ?? false), ends.map((e) => e.answeredId ?? null), begunAt])
  const failed = ends.filter((e) => e.state !== 'done' && e.state !== 'waiting').map((e) => e.id)
  if (failed.length > 0) await followCreations(db, planId, failed, now)
  return true
}

/** Whether the worker still has a say about this batch; if so, it has until the transaction ends. */
export async function holdBatch(client: Client, batchId: string): Promise<boolean> {
  const { rows } = await client.query('select from batch where id = $1 for update', [batchId])
  return rows.length > 0
}

/** Whether a worker is still at something of these people that it began before an instant. */
export async function isAtPeople(db: Db, people: string[], since: string): Promise<boolean> {
  const { rows } = await db.query(
    `select from unnest($1::uuid[]) as asked (person_id)
      cross join lateral (select plan_id, id from plan_change c where c.person_id = asked.person_id and c.state in ('waiting', 'again') offset 0) c
       join batch b on b.plan_id = c.plan_id and c.id = any (b.changes) and b.begun_at <= $2 limit 1`, [people, since])
  return rows.length > 0
}

/** Since when these changes were under way; null where their batch is not there any more. */
async function leaveBatch(db: Client, batchId: string, ids: string[]): Promise<string | null> {
  const all = await db.query<{ begunAt: string }>('delete from batch where id = $1 and cardinality(changes) = $2 returning begun_at as "begunAt"', [batchId, ids.length])
  if (all.rows[0] !== undefined) return all.rows[0].begunAt
  const { rows: [rest] } = await db.query<{ begunAt: string }>(
    `update batch set changes = array(select unnest(changes) except select unnest($2::bigint[])) where id = $1 returning begun_at as "begunAt"`, [batchId, ids])
  return rest?.begunAt ?? null
}

/** What an account was to get waits for its creation (or link), and is left out where there is none. */
async function followCreations(db: Db, planId: string, ids: string[], now: string): Promise<void> {
  await db.query(
    `update plan_change d set
       state = case when c.state = 'again' then 'again' else 'skipped' end,
       next_attempt_at = case when c.state = 'again' then c.next_attempt_at + interval '1 millisecond' end,
       done_at = case when c.state <> 'again' then $3::timestamptz end, code = 'TARGET_GONE',
       words = case when c.state = 'again' then 'It waits for its account.' else 'The account that this depends on was not created.' end
      from plan_change c
     where c.plan_id = $1 and c.id = any ($2::bigint[]) and c.kind in ('create', 'link') and c.state in ('again', 'stuck', 'refused', 'skipped')
       and d.plan_id = $1 and d.stage = 2 and d.person_id = c.person_id and d.job_id = c.job_id and d.id <> c.id and d.state in ('waiting', 'again') and not ${isUnderWay('d')}
       and not exists (select from account a where a.person_id = c.person_id and a.job_id = c.job_id and a.gone_at is null)`, [planId, ids, now])
}

/** No worker begins this change, or another one of the same account, until the transaction ends. */
export async function lockOpen(client: Client, planId: string, changeId: string): Promise<void> {
  await client.query(
    `select from open_change o join plan_change c on c.plan_id = $1 and c.id = $2 and o.person_id = c.person_id and o.job_id = c.job_id
      where o.plan_id = $1 for update of o`, [planId, changeId])
}

/** What was left out because this creation failed comes along when it is tried again, but for what a newer plan is at. */
export async function reviveDependents(db: Db, planId: string, changeId: string): Promise<void> {
  await db.query(
    `update plan_change d set state = 'waiting', attempts = least(d.attempts, 1), next_attempt_at = null, done_at = null, code = null, words = null
       from plan_change c
      where c.plan_id = $1 and c.id = $2 and c.kind = 'create' and d.plan_id = $1 and d.stage = 2
        and d.person_id = c.person_id and d.job_id = c.job_id and d.state in ('skipped', 'again') and d.code = 'TARGET_GONE' and not ${isUnderWay('d')}
        and not exists (select from open_change o where o.system_id = d.system_id and o.job_id = d.job_id and o.person_id = d.person_id and o.kind = d.kind
                          and coalesce(o.entitlement_id, 0) = coalesce(d.entitlement_id, 0) and o.state <> 'stuck' and o.id <> d.id)`, [planId, changeId])
}
