/** Plans and their changes as rows. */
import { escapeLiteral } from 'pg'
import type { DecidedChange } from '../domain/decide.ts'
import type { ChangeKind, ChangeState, Finding, PlanAim, PlanBrake, PlanScope, PlanState } from '../domain/plan.ts'
import type { PlanHead } from '../domain/plan-hash.ts'
import { BinaryRows, pourMin, pourRows } from './copy.ts'
import type { Client, Db } from './database.ts'
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

const planColumns = `id, number, state, cause, scope, aim, policy_revision as "policyRevision", as_of as "asOf", '{"snapshots": {}, "observations": {}}'::jsonb || basis as basis, hash, brakes, findings,
  forecast, read_anew as "readAnew", made_by as "madeBy", approved_by as "approvedBy"`

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

/** Whether more of a plan may be begun: nobody stopped it, or edited the policy since this revision (null: whatever the policy says). */
export async function mayGoOn(db: Db, planId: string, revision: number | null): Promise<boolean> {
  const { rows } = await db.query(
    `select from plan where id = $1 and state <> 'stopped' and ($2::int is null or not exists (select from policy_revision where revision > $2))`, [planId, revision])
  return rows.length > 0
}

/** Whether what people should have was settled for the plan, by this revision, since an instant; and nobody with something left to do in it was changed since by whoever did not come to settle them. */
export async function isSettled(db: Db, planId: string, revision: number, since: string): Promise<boolean> {
  const { rows } = await db.query(
    `select from plan where id = $1 and reasons_settled_revision = $2 and reasons_settled_at > $3
        and not exists (select from open_change o join person p on p.id = o.person_id
                         where o.plan_id = plan.id and o.state <> 'stuck' and p.evaluated_at is null)`, [planId, revision, since])
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
