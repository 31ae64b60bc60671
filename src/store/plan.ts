/** Plans and their changes as rows. */
import { escapeLiteral } from 'pg'
import type { DecidedChange } from '../domain/decide.ts'
import type { ChangeKind, ChangeState, Finding, PlanAim, PlanBrake, PlanScope, PlanState } from '../domain/plan.ts'
import type { PlanHead } from '../domain/plan-hash.ts'
import type { Attributes } from '../domain/value.ts'
import { BinaryRows, pourMin, pourRows } from './copy.ts'
import { lookUpOnly, type Client, type Db } from './database.ts'
import { countAgain, manyRows } from './statistics.ts'

export interface PlanRow {
  id: string
  number: string
  state: PlanState
  cause: string
  scope: PlanScope
  /** Null: it carries out policy. */
  aim: PlanAim | null
  policyRevision: number
  asOf: string
  basis: { snapshots: Record<string, string>; observations: Record<string, string> }
  hash: string | null
  brakes: PlanBrake[]
  findings: Finding[]
  /** Computed for an instant to come, to be looked at only. */
  forecast: boolean
  readAnew: boolean
  madeBy: string
  approvedBy: string | null
}

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

const planColumns = `id, number, state, cause, scope, aim, policy_revision as "policyRevision", as_of as "asOf", '{"snapshots": {}, "observations": {}}'::jsonb || basis as basis, hash, brakes, findings,
  forecast, read_anew as "readAnew", made_by as "madeBy", approved_by as "approvedBy"`

const changeColumns = `id, wave, kind, system_id as "systemId", job_id as "jobId", object_type as "objectType", person_id as "personId",
  account_id as "accountId", entitlement_id as "entitlementId", subject, before, after, encode(hash, 'hex') as hash, attempts + 1 as attempts, code`

/** The ids of all changes that workers are at: asked once, where many are looked for. */
export const allUnderWay = '(select unnest(b.changes) from batch b)'

/** Whether a worker is at a change of `plan_change` under this name: asked for each, where a few are looked at. */
export const isUnderWay = (change: string): string => `exists (select from batch b where b.plan_id = ${change}.plan_id and ${change}.id = any (b.changes))`

export interface NewPlan {
  id: string
  cause: string
  scope: PlanRow['scope']
  aim?: PlanAim | null
  policyRevision: number
  asOf: string
  madeBy: string
  forecast?: { madeAt: string; readAnew: boolean }
}

const intoPlan = `insert into plan (id, cause, scope, policy_revision, as_of, made_by, made_at, aim, forecast, read_anew)
  select $1, $2, $3, coalesce($4, (select max(revision) from policy_revision), 0), $5, $6, $8, $7, $9, $10`

export async function insertPlan(db: Db, plan: NewPlan): Promise<void> {
  await db.query(intoPlan, planValues(plan))
}

/** By the policy in force, outside of a transaction. The disk is not waited for: what is written after it, such as its place in the queue, is not there without it. */
export async function beginPlan(db: Db, plan: Omit<NewPlan, 'policyRevision'>): Promise<void> {
  await db.query(`${intoPlan} where set_config('synchronous_commit', 'off', true) is not null`, planValues(plan))
}

function planValues(plan: Omit<NewPlan, 'policyRevision'> & { policyRevision?: number }): unknown[] {
  return [plan.id, plan.cause, plan.scope === null ? null : JSON.stringify(plan.scope), plan.policyRevision ?? null, plan.asOf, plan.madeBy, plan.aim ? JSON.stringify(plan.aim) : null,
    plan.forecast?.madeAt ?? plan.asOf, plan.forecast !== undefined, plan.forecast?.readAnew ?? false]
}

export async function findPlan(db: Db, id: string): Promise<PlanRow | null> {
  const { rows } = await db.query<PlanRow>(`select ${planColumns} from plan where id = $1`, [id])
  return rows[0] ?? null
}

export async function setPlan(db: Db, id: string, values: Partial<Record<'state' | 'hash' | 'progress' | 'approved_by' | 'approved_at' | 'started_at' | 'ended_at' | 'as_of' | 'wait_until' | 'reasons_settled_at', string | null>> & { reasons_settled_revision?: number; basis?: unknown; counts?: unknown; brakes?: unknown; findings?: unknown; error?: unknown; policy_revision?: number }): Promise<void> {
  const names = Object.keys(values)
  const params = Object.values(values).map((v) => (v !== null && typeof v === 'object' ? JSON.stringify(v) : v))
  await db.query(`update plan set ${names.map((n, i) => `${n} = $${i + 2}`).join(', ')} where id = $1`, [id, ...params])
}

/** Its hash is hexadecimal. */
export type NewChange = DecidedChange & { hash: string; state: ChangeState }

export async function insertChanges(client: Client, planId: string, changes: NewChange[]): Promise<void> {
  if (changes.length < pourMin) return await sendChanges(client, planId, changes)
  const rows = new BinaryRows()
  for (const change of changes) addChange(rows, planId, change)
  await pourRows(client, 'plan_change (plan_id, stage, wave, kind, system_id, job_id, object_type, person_id, account_id, entitlement_id, subject, before, after, reasons, hash, state)', rows)
}

function addChange(rows: BinaryRows, planId: string, c: NewChange): void {
  rows.row(16)
  rows.uuid(planId)
  rows.smallint(2)
  rows.smallint(c.wave)
  for (const text of [c.kind, c.systemId, c.jobId, c.objectType]) rows.text(text)
  rows.uuid(c.personId)
  rows.bigint(c.accountId)
  rows.bigint(c.entitlementId)
  rows.text(c.subject)
  for (const values of [c.before, c.after]) rows.jsonb(values === null ? null : JSON.stringify(values))
  rows.jsonb(JSON.stringify(c.because))
  rows.bytes(c.hash)
  rows.text(c.state)
}

/** Of a few people: with what is asked next. */
export async function sendChanges(client: Client, planId: string, changes: NewChange[]): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ hash, because, ...change }) => ({ ...change, reasons: because, hash: `\\x${hash}` }))
  await client.query(
    `insert into plan_change (plan_id, stage, wave, kind, system_id, job_id, object_type, person_id, account_id, entitlement_id, subject, before, after, reasons, hash, state)
     select $1::uuid, 2, c.wave, c.kind, c."systemId", c."jobId", c."objectType", c."personId", c."accountId", c."entitlementId", c.subject, c.before, c.after, c.reasons, c.hash, c.state
       from jsonb_to_recordset($2::jsonb) as c (wave smallint, kind text, "systemId" text, "jobId" text, "objectType" text, "personId" uuid, "accountId" bigint,
              "entitlementId" bigint, subject text, before jsonb, after jsonb, reasons jsonb, hash bytea, state text)`, [planId, JSON.stringify(rows)])
}

/** So many changes are approved by one statement: their rows are held in memory meanwhile. */
const approvedAtOnce = 20_000

/** What is planned is to be carried out: all of it, or what meets a condition with its values from `$4` on. Returns how many changes it is. */
export async function approvePlanned(client: Client, planId: string, condition = 'true', values: unknown[] = []): Promise<number> {
  const { rows: [ids] } = await client.query<{ first: string | null; last: string | null }>('select min(id) as first, max(id) as last from plan_change where plan_id = $1', [planId])
  let approved = 0
  for (let from = Number(ids!.first); from <= Number(ids!.last ?? -1); from += approvedAtOnce) {
    const { rowCount } = await client.query(
      `update plan_change set state = 'waiting' where plan_id = $1 and id >= $2 and id < $3 and state = 'planned' and ${condition}`, [planId, from, from + approvedAtOnce, ...values])
    approved += rowCount ?? 0
  }
  if (approved >= manyRows) await countAgain(client, ['open_change'])
  return approved
}

/** What is planned of a stage is to be carried out; of stage 2, only of these jobs. */
export async function approveAll(client: Client, planId: string, stage: 1 | 2, jobs: string[] = []): Promise<void> {
  await client.query(
    `update plan_change set state = 'waiting' where plan_id = $1 and stage = $2 and state = 'planned' and ($2 = 1 or job_id = any ($3))`, [planId, stage, jobs])
}

/** Older plans for the same scope that nobody approved: the newer one stands for them. */
export async function supersedeOlder(client: Client, plan: Pick<PlanRow, 'id' | 'number' | 'scope'>, now: string): Promise<void> {
  await client.query(
    `with older as (
       update plan set state = 'superseded', ended_at = $2
        where state in ('open', 'held') and id <> $1 and number < $3 and ${plan.scope === null ? '$4::jsonb is null' : 'scope = $4::jsonb'}
          and aim - 'until' is not distinct from (select aim - 'until' from plan where id = $1)
          and not exists (select from planned_count c where c.plan_id = plan.id and c.state in ('waiting', 'again'))
       returning id),
     arrivals as (
       update plan_arrival a set state = 'skipped', words = 'Plan ' || $3 || ' took its place.'
         from older where a.plan_id = older.id and a.state in ('planned', 'held'))
     update plan_change c set state = 'skipped', code = null, words = 'Plan ' || $3 || ' took its place.'
       from older where c.plan_id = older.id and c.state in ('planned', 'held')`, [plan.id, now, plan.number, plan.scope === null ? null : JSON.stringify(plan.scope)])
}

export interface ChangeCount { systemId: string; stage: number; kind: ChangeKind; state: ChangeState; n: number }

/** Counts by system, kind and state. */
export async function countChanges(db: Db, planId: string): Promise<ChangeCount[]> {
  const { rows } = await db.query(
    `select system_id as "systemId", stage, kind, state, sum(n)::int as n from planned_count where plan_id = $1 group by 1, 2, 3, 4 order by 1, 2, 3, 4`, [planId])
  return rows
}

/** From so many changes on, what a plan's hash takes in does not come in one piece. */
const itemsInOnePiece = 20_000

/** Whether a plan has more changes than are hashed in one piece. */
export async function hasManyItems(client: Client, planId: string): Promise<boolean> {
  const { rows } = await client.query('select from plan_change where plan_id = $1 offset $2 limit 1', [planId, itemsInOnePiece])
  return rows.length > 0
}

/**
 * A plan's changes as its hash takes them in (`itemText` in domain/plan-hash.ts), by hash and id: those whose hashes begin with
 * the same byte are one text. Within a transaction where there are many, as they come little by little then.
 */
export async function* plannedItems(client: Client, planId: string, many: boolean): AsyncGenerator<string> {
  const items = `select string_agg(encode(hash, 'hex') || ' ' || coalesce(account_id::text, '') || E'\\n', '' order by hash, id) as text
    from plan_change where plan_id = $1 group by get_byte(hash, 0) order by get_byte(hash, 0)`
  if (!many) return yield* (await client.query<{ text: string }>(items, [planId])).rows.map((row) => row.text)
  await client.query(`declare planned_items no scroll cursor for ${items.replace('$1', escapeLiteral(planId))}`)
  for (;;) {
    const { rows } = await client.query<{ text: string }>('fetch 16 from planned_items')
    if (rows.length === 0) break
    yield* rows.map((row) => row.text)
  }
  await client.query('close planned_items')
}

export async function isStopped(db: Db, planId: string): Promise<boolean> {
  const { rows } = await db.query('select from plan where id = $1 and state = \'stopped\'', [planId])
  return rows.length > 0
}

/** Whether what people should have was settled for the plan, by this revision, since an instant. */
export async function isSettled(db: Db, planId: string, revision: number, since: string): Promise<boolean> {
  const { rows } = await db.query('select from plan where id = $1 and reasons_settled_revision = $2 and reasons_settled_at > $3', [planId, revision, since])
  return rows.length > 0
}

/** The reads of sources that a plan was computed from, by job. */
export async function snapshotsOfPlan(db: Db, snapshots: Record<string, string>): Promise<PlanHead['snapshots']> {
  const ids = Object.values(snapshots)
  if (ids.length === 0) return {}
  const { rows } = await db.query<{ id: string; digest: string | null; rows: number; complete: boolean }>(
    `select id, digest, rows, state = 'complete' as complete from snapshot where id = any ($1)`, [ids])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return Object.fromEntries(Object.entries(snapshots).flatMap(([job, id]) => (byId.has(id) ? [[job, byId.get(id)!]] : [])))
}

/** Systems in which a plan has something left to do, in stage 2. */
export async function systemsToDo(db: Db, planId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct system_id as id from open_change where plan_id = $1 and state <> 'stuck'`, [planId])
  return rows.map((r) => r.id)
}

/** Whether a plan has so many changes to carry out in systems, or more. */
export async function hasMany(db: Db, planId: string, many: number): Promise<boolean> {
  const { rows } = await db.query(`select from open_change where plan_id = $1 and state <> 'stuck' offset $2 limit 1`, [planId, many - 1])
  return rows.length > 0
}

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

/** Creations for these people that were tried before, by whatever plan, and not seen: by `person job`, the native ids that the system answered with. */
export async function triedCreations(db: Db, changes: Pick<ChangeRow, 'kind' | 'personId' | 'jobId'>[]): Promise<Map<string, string[]>> {
  const creations = changes.filter((c) => c.kind === 'create')
  if (creations.length === 0) return new Map()
  const { rows } = await db.query<{ key: string; ids: string[] }>(
    `select u.person_id || ' ' || u.job_id as key, array_remove(array_agg(c.answered_id), null) as ids
       from unnest($1::uuid[], $2::text[]) as u (person_id, job_id)
      cross join lateral (select * from plan_change c where c.person_id = u.person_id and c.job_id = u.job_id offset 0) c
      where c.stage = 2 and c.kind = 'create' and c.state <> 'done' and (c.attempts > 0 or c.answered_id is not null) group by 1`,
    [creations.map((c) => c.personId), creations.map((c) => c.jobId)])
  return new Map(rows.map((row) => [row.key, row.ids]))
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
 * not there, the worker lost the plan to another one and has no say any more.
 */
export async function endChanges(db: Client, planId: string, batchId: string, ends: ChangeEnd[], now: string): Promise<void> {
  if (ends.length === 0) return
  const begunAt = await leaveBatch(db, batchId, ends.map((e) => e.id))
  if (begunAt === null) return
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
