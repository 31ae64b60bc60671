/** What is shown of plans and their changes. */
import type { Because, ChangeKind, ChangeState, Finding, PlanAim, PlanBrake, PlanScope, PlanState } from '../domain/plan.ts'
import type { ChangeCount } from '../domain/sentence.ts'
import type { Position } from '../domain/person.ts'
import type { Db } from './database.ts'
import { inside, pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'
import { allUnderWay } from './batch.ts'

export interface PlanShown {
  id: string
  number: number
  state: PlanState
  cause: string
  scope: PlanScope
  aim: PlanAim | null
  policyRevision: number
  asOf: string
  basis: { snapshots?: Record<string, string>; observations?: Record<string, string> }
  hash: string | null
  brakes: PlanBrake[]
  findings: Finding[]
  progress: string | null
  madeBy: string
  madeAt: string
  approvedBy: string | null
  approvedAt: string | null
  startedAt: string | null
  endedAt: string | null
  error: { code: string; message: string } | null
}

const planColumns = `id, number::int, state, cause, scope, aim, policy_revision as "policyRevision", as_of as "asOf", basis, hash, brakes, findings,
  progress, made_by as "madeBy", made_at as "madeAt", approved_by as "approvedBy", approved_at as "approvedAt",
  started_at as "startedAt", ended_at as "endedAt", error`

/** Newest first. */
export async function listPlans(db: Db, wanted: { states?: PlanState[]; after?: string; limit: number }): Promise<PageOf<PlanShown>> {
  const key = readCursor(wanted.after, 1)
  const { rows } = await db.query<PlanShown>(
    `select ${planColumns} from plan
      where ($1::text[] is null or state = any ($1)) and ($2::bigint is null or number < $2)
      order by number desc limit $3`, [wanted.states ?? null, key?.[0] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.number], (r) => r)
}

export async function findPlanShown(db: Db, id: string): Promise<PlanShown | undefined> {
  const { rows } = await db.query<PlanShown>(`select ${planColumns} from plan where id = $1`, [id])
  return rows[0]
}

/** Counts by stage, system, kind and state, of several plans at once. */
export async function countChangesOf(db: Db, planIds: string[]): Promise<Map<string, ChangeCount[]>> {
  const { rows } = await db.query<ChangeCount & { planId: string }>(
    `select plan_id as "planId", stage, system_id as "systemId", kind, state, sum(n)::int as n
       from planned_count where plan_id = any ($1::uuid[]) group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`, [planIds])
  return Map.groupBy(rows, (r) => r.planId)
}

/** Changes of each system that were done since an instant. */
export async function doneSince(db: Db, planId: string, since: string): Promise<Map<string, number>> {
  const { rows } = await db.query<{ systemId: string; n: number }>(
    `select system_id as "systemId", sum(n)::int as n from planned_count where plan_id = $1 and state = 'done' and done_at > $2 group by 1`, [planId, since])
  return new Map(rows.map((r) => [r.systemId, r.n]))
}

export interface BasisShown {
  kind: 'snapshot' | 'observation'
  job: string | null
  systemId: string
  at: string
  state: string
  rows: number
  setAside: number
  accounts: number
  entitlements: number
  file: string | null
  because: string | null
}

/** The reads that a plan was computed from. */
export async function basisOf(db: Db, basis: PlanShown['basis']): Promise<BasisShown[]> {
  const { rows } = await db.query<BasisShown>(
    `select 'snapshot' as kind, job_id as job, system_id as "systemId", read_at as at, state, rows, set_aside as "setAside",
            0 as accounts, 0 as entitlements, shape ->> 'file' as file, because
       from snapshot where id = any ($1::uuid[])
     union all
     select 'observation', null, system_id, read_at, state, 0, 0, accounts, entitlements, null, because
       from observation where id = any ($2::uuid[])
      order by kind desc, at`, [Object.values(basis.snapshots ?? {}), Object.values(basis.observations ?? {})])
  return rows
}

export interface ChangeFilter {
  stage?: number
  system?: string
  kind?: ChangeKind
  state?: ChangeState
  person?: string
  search?: string
}

export interface ChangeShown {
  id: string
  stage: number
  wave: number
  kind: ChangeKind
  systemId: string
  jobId: string | null
  objectType: string | null
  personId: string | null
  personName: string | null
  positions: Position[] | null
  /** Where the source says so: the row that this plan read, else the one that the person was last made of. */
  source: { name: string; row: number; cells: string[] } | null
  subject: string
  entitlementId: string | null
  entitlement: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  reasons: Because[]
  state: ChangeState
  attempts: number
  nextAttemptAt: string | null
  code: string | null
  words: string | null
  startedAt: string | null
  doneAt: string | null
}

// People who are still to come are only in the plan itself.
const nameInPlan = `coalesce(pp.attributes ->> 'displayName', p.attributes ->> 'displayName', pp.attributes ->> 'employeeId', p.attributes ->> 'employeeId')`

const shownColumns = `select c.id, c.stage, c.wave, c.kind, c.system_id as "systemId", c.job_id as "jobId", c.object_type as "objectType",
  c.person_id as "personId", ${nameInPlan} as "personName", coalesce(pp.positions, p.positions) as positions,
  coalesce(
    (select json_build_object('name', r ->> 'source', 'row', r -> 'row', 'cells', r -> 'cells')
       from planned_change own, jsonb_array_elements(own.reasons) r
      where own.plan_id = c.plan_id and own.person_id = c.person_id and own.stage = 1 and r ? 'source' limit 1),
    (select json_build_object('name', r.source_name, 'row', r.row, 'cells', '[]'::json)
       from record r where r.person_id = c.person_id order by r.missing_since nulls first, r.row limit 1)) as source,
  c.subject, c.entitlement_id as "entitlementId", e.name as entitlement, c.before, c.after, c.reasons,
  case when w.id is null then c.state else 'running' end as state, c.attempts + (w.id is not null)::int as attempts,
  c.next_attempt_at as "nextAttemptAt", c.code, c.words, coalesce(c.started_at, w.begun_at) as "startedAt", c.done_at as "doneAt"`
const shownJoins = `left join person p on p.id = c.person_id
       left join plan_person pp on pp.plan_id = c.plan_id and pp.person_id = c.person_id
       left join entitlement e on e.id = c.entitlement_id
       left join batch w on w.plan_id = c.plan_id and c.stage = 2 and c.id = any (w.changes)`

/** Changes of a plan in the order in which they were planned: people first, then person by person. */
export async function searchChanges(db: Db, planId: string, wanted: ChangeFilter & { after?: string; limit: number }): Promise<PageOf<ChangeShown>> {
  const key = readCursor(wanted.after, 1)
  const { where, values } = condition(planId, wanted)
  values.push(key?.[0] ?? null, wanted.limit + 1)
  const { rows } = await db.query<ChangeShown>(
    `${shownColumns}
       from (select c.* from planned_change c where ${where} and ($${values.length - 1}::bigint is null or c.id > $${values.length - 1}) order by c.id limit $${values.length}) c
       ${shownJoins}
      order by c.id`, values)
  return pageOf(rows, wanted.limit, (r) => [r.id], (r) => r)
}

/** Single changes of any plans, by their numbers. */
export async function changesByIds(db: Db, changes: { planId: string; changeId: string }[]): Promise<Map<string, ChangeShown>> {
  const { rows } = await db.query<ChangeShown>(
    `${shownColumns}
       from (select c.* from plan_change c join unnest($1::uuid[], $2::bigint[]) as w (plan_id, id) on c.plan_id = w.plan_id and c.id = w.id) c
       ${shownJoins}`, [changes.map((c) => c.planId), changes.map((c) => c.changeId)])
  return new Map(rows.map((row) => [row.id, row]))
}

export interface PlanPersonShown {
  id: string
  name: string
  kinds: { stage: number; kind: ChangeKind; n: number }[]
  systems: string[]
  changes: number
  held: number
  failed: number
}

/** People whom a plan changes, by name. */
export async function searchPlanPeople(db: Db, planId: string, wanted: ChangeFilter & { after?: string; limit: number }): Promise<PageOf<PlanPersonShown>> {
  const key = readCursor(wanted.after, 2)
  const { where, values } = condition(planId, wanted)
  values.push(key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1)
  const [k0, k1, k2] = [values.length - 2, values.length - 1, values.length]
  const { rows } = await db.query<PlanPersonShown & { sortKey: string }>(
    `with changed as (
       select distinct c.person_id from planned_change c where ${where} and c.person_id is not null
     ), people as (
       select ch.person_id as id, coalesce(${nameInPlan}, ch.person_id::text) as name
         from changed ch
         left join person p on p.id = ch.person_id
         left join plan_person pp on pp.plan_id = $1 and pp.person_id = ch.person_id
     ), page as materialized (
       select id, name, lower(name) as "sortKey" from people
        where $${k0}::text is null or (lower(name), id) > ($${k0}, $${k1}::uuid)
        order by lower(name), id limit $${k2}
     )
     select page.*, own.*
       from page cross join lateral (
         select json_agg(json_build_object('stage', k.stage, 'kind', k.kind, 'n', k.n) order by k.stage, k.kind) as kinds,
                sum(k.n)::int as changes, sum(k.held)::int as held, sum(k.failed)::int as failed,
                (select array_agg(distinct c.system_id order by c.system_id) from planned_change c where ${where} and c.person_id = page.id) as systems
           from (select c.stage, c.kind, count(*)::int as n, count(*) filter (where c.state = 'held')::int as held,
                        count(*) filter (where c.state in ('stuck', 'refused', 'again'))::int as failed
                   from planned_change c where ${where} and c.person_id = page.id group by 1, 2) k) own
      order by page."sortKey", page.id`, values)
  return pageOf(rows, wanted.limit, (r) => [r.sortKey, r.id], (r) => r)
}

function condition(planId: string, filter: ChangeFilter): { where: string; values: unknown[] } {
  const values: unknown[] = [planId]
  const parts = ['c.plan_id = $1']
  const equals = { stage: filter.stage, system_id: filter.system, kind: filter.kind, person_id: filter.person }
  for (const [column, wanted] of Object.entries(equals)) {
    if (wanted === undefined) continue
    values.push(wanted)
    parts.push(`c.${column} = $${values.length}`)
  }
  if (filter.state !== undefined) {
    values.push(filter.state)
    parts.push(`case when c.stage = 2 and c.state in ('waiting', 'again') and c.id in ${allUnderWay} then 'running' else c.state end = $${values.length}`)
  }
  if (filter.search !== undefined && filter.search.trim() !== '') {
    values.push(inside(filter.search.trim()))
    const n = `$${values.length}`
    // Subqueries that do not look at the change: each is asked once, not once a change.
    parts.push(`(lower(c.subject) like ${n}
      or c.entitlement_id in (select e.id from entitlement e where lower(e.name) like ${n})
      or c.person_id in (select s.id from person s where lower(s.attributes ->> 'displayName') like ${n})
      or c.person_id in (select s.person_id from plan_person s where s.plan_id = $1 and lower(s.attributes ->> 'displayName') like ${n}))`)
  }
  return { where: parts.join(' and '), values }
}

export async function planNumbers(db: Db, ids: string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ id: string; number: number }>('select id, number::int from plan where id = any ($1::uuid[])', [[...new Set(ids)]])
  return new Map(rows.map((r) => [r.id, r.number]))
}
