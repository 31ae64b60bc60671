/** Begins, approves, releases, stops and resumes plans. Each of these is a decision and is audited. */
import { UsherError } from '../domain/errors.ts'
import type { PlanAim, PlanScope, PlanState } from '../domain/plan.ts'
import { appendAudit } from '../store/audit.ts'
import { approveArrivals } from '../store/people-bulk.ts'
import { briskly, connected, contested, transaction, type Client } from '../store/database.ts'
import { allUnderWay, isUnderWay, lockOpen, reviveDependents } from '../store/batch.ts'
import { approvePlanned, beginPlan, findPlan, setPlan, type PlanRow } from '../store/plan.ts'
import { areAllThere } from '../store/person-views.ts'
import { currentRevision, revisionAt } from '../store/policy.ts'
import { brakeAgain } from './brakes.ts'
import type { Context } from './context.ts'
import { automaticJobs } from './compute-plan.ts'
import { leaverMethod, methodOf } from './plan-systems.ts'

export async function startPlan(context: Context, input: { cause: string; actor: string; scope: PlanScope; aim?: PlanAim | null; asOf?: string; readAnew?: boolean }): Promise<{ planId: string }> {
  const planId = context.newId()
  const now = context.now()
  if (input.asOf !== undefined && Date.parse(input.asOf) <= Date.parse(now)) throw new UsherError('INVALID_INPUT', 'A forecast is for an instant to come. What was is told by why, for a person.')
  await connected(context.pool, (connection) => briskly(connection, (client) => beginPlan(client, {
    id: planId, cause: input.cause, scope: input.scope, aim: input.aim ?? null, asOf: input.asOf ?? now, madeBy: input.actor,
    ...(input.asOf === undefined ? {} : { forecast: { madeAt: now, readAnew: input.readAnew ?? false } }),
  })))
  await context.enqueue('compute-plan', planId)
  return { planId }
}

/** Whoever asks for a job or a person that is not there is told so: a plan of nothing would look like good news. */
export async function checkScope({ pool }: Context, scope: PlanScope): Promise<void> {
  if (scope === null) return
  if ('jobs' in scope) {
    const { policy: { jobs } } = await currentRevision(pool)
    const unknown = scope.jobs.find((id) => !jobs.some((job) => job.id === id))
    if (unknown !== undefined) throw new UsherError('NOT_FOUND', `There is no job "${unknown}".${jobs.length === 0 ? '' : ` There are: ${jobs.map((job) => job.id).join(', ')}.`}`)
  } else if (!await areAllThere(pool, scope.people)) throw new UsherError('NOT_FOUND', 'There is no such person.')
}

/** What needs nobody's approval goes ahead; the rest of the plan waits. */
export async function approveAutomatic(context: Context, planId: string): Promise<void> {
  const approved = await contested(context.pool, async (client) => {
    const plan = await lockPlan(client, planId)
    if (plan.state !== 'open' && plan.state !== 'held') return false
    // Whoever takes something back has a look at it first.
    if (plan.aim !== null && 'undo' in plan.aim) return false
    const revision = await revisionAt(client, plan.policyRevision)
    const now = await currentRevision(client)
    const { rows } = await client.query<{ jobId: string }>(`select distinct job_id as "jobId" from planned_count where plan_id = $1 and stage = 1 and state in ('planned', 'held')`, [planId])
    // What a brake held of leavers and somebody released goes ahead as the rest of them did.
    const method = plan.cause === 'leaver' ? leaverMethod : methodOf
    const automatic = automaticJobs(revision, rows.map((r) => r.jobId).filter((id) => id !== null), method)
    if (!automatic.people || !rows.every(({ jobId }) => jobId === null || methodOf(now, jobId) === 'automatic')) return false
    const jobs = automatic.jobs.filter((id) => method(now, id) === 'automatic')
    await skipSuperseded(client, planId, jobs)
    await holdFilled(context, client, plan)
    const approved = await approvePlanned(client, planId,
      // What an account is to get waits with it.
      `(stage = 1 or job_id = any($4) or (kind = 'link' and job_id = any($5)))
         and not (system_id = any($6) and (reasons @> '[{"because": "drifted"}]' or exists (
           select from plan_change d where d.plan_id = plan_change.plan_id and d.person_id = plan_change.person_id and d.job_id = plan_change.job_id
              and d.kind = 'create' and d.reasons @> '[{"because": "drifted"}]')))`,
      [jobs, revision.policy.jobs.filter((j) => j.destination !== 'people' && isObserved(revision.policy, j.id)).map((j) => j.id),
        revision.policy.systems.filter((s) => s.drift === 'report').map((s) => s.id)])
    const changes = approved + await approveArrivals(client, planId)
    if (changes === 0) return false
    await setPlan(client, planId, { state: 'approved', approved_by: 'usher', approved_at: context.now() })
    await appendAudit(client, [{ at: context.now(), actor: 'usher', action: 'plan.approved', subject: `plan:${planId}`, detail: { hash: plan.hash, automatic: true, changes } }])
    return true
  })
  if (approved) await context.enqueue('apply-plan', planId)
}

export async function approvePlan(context: Context, planId: string, hash: string, actor: string): Promise<void> {
  const changes = await contested(context.pool, async (client) => {
    const plan = await lockPlan(client, planId)
    if (plan.state !== 'open' && plan.state !== 'held') throw notOpen(plan, 'approve')
    if (plan.hash !== hash) throw new UsherError('PLAN_HASH_DIFFERS', `Plan ${plan.number} is not the one that was reviewed.`)
    await skipSuperseded(client, planId, null)
    await holdFilled(context, client, plan)
    const changes = await approvePlanned(client, planId) + await approveArrivals(client, planId)
    if (changes === 0) return 0
    await setPlan(client, planId, { state: 'approved', approved_by: actor, approved_at: context.now() })
    await appendAudit(client, [{ at: context.now(), actor, action: 'plan.approved', subject: `plan:${planId}`, detail: { hash, changes } }])
    return changes
  })
  // After the transaction: what a brake holds stays held.
  if (changes === 0) throw new UsherError('PLAN_BRAKED', 'Everything in this plan is held. Release what is right first.')
  await context.enqueue('apply-plan', planId)
}

/** Other plans may have filled a brake's window since this one was computed. */
async function holdFilled(context: Context, client: Client, plan: PlanRow): Promise<void> {
  const { policy } = await currentRevision(client)
  const brakes = await brakeAgain(client, plan.id, policy, context.now(), plan.brakes)
  if (brakes !== null) await setPlan(client, plan.id, { brakes, state: 'held' })
}

export async function stopPlan(context: Context, planId: string, actor: string): Promise<void> {
  await turn(context, planId, actor, ['approved', 'applying'], 'stopped', 'stop')
}

export async function resumePlan(context: Context, planId: string, actor: string): Promise<void> {
  await turn(context, planId, actor, ['stopped'], 'approved', 'resume')
  await context.enqueue('apply-plan', planId)
}

export async function retryChange(context: Context, planId: string, changeId: string, actor: string): Promise<void> {
  await contested(context.pool, async (client) => {
    const plan = await lockPlan(client, planId)
    if (plan.state === 'stopped') throw notOpen(plan, 'retry a change of')
    if (await isOpenElsewhere(client, planId, changeId)) throw new UsherError('CONFLICT', 'A newer plan is at this very change.')
    await lockOpen(client, planId, changeId)
    const { rowCount } = await client.query(
      // That it was tried stays known: what was perhaps created then is looked for.
      `update plan_change set state = 'waiting', attempts = least(attempts, 1), next_attempt_at = null
        where plan_id = $1 and id = $2 and state in ('again', 'stuck') and not ${isUnderWay('plan_change')}`, [planId, changeId])
    if (rowCount === 0) throw new UsherError('NOT_FOUND', 'This change is not one that can be tried again.')
    await reviveDependents(client, planId, changeId)
    await setPlan(client, planId, { state: plan.state === 'applying' ? 'applying' : 'approved', ended_at: null, wait_until: null })
    await appendAudit(client, [{ at: context.now(), actor, action: 'change.retried', subject: `plan:${planId}`, detail: { change: changeId } }])
  })
  await context.enqueue('apply-plan', planId)
}

async function turn(context: Context, planId: string, actor: string, from: PlanState[], to: PlanState, verb: string): Promise<void> {
  await transaction(context.pool, async (client) => {
    const plan = await lockPlan(client, planId)
    if (!from.includes(plan.state)) throw notOpen(plan, verb)
    await setPlan(client, planId, { state: to, progress: null, wait_until: null })
    await appendAudit(client, [{ at: context.now(), actor, action: `plan.${to}`, subject: `plan:${planId}`, detail: {} }])
  })
}

export async function lockPlan(client: Client, planId: string): Promise<PlanRow> {
  await client.query('select from plan where id = $1 for update', [planId])
  const plan = await findPlan(client, planId)
  if (plan === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
  return plan
}

/** At most one open change per thing: a newer plan's change that goes ahead takes the place of an older one. `jobs`: those that go ahead; null: all. */
export async function skipSuperseded(client: Client, planId: string, jobs: string[] | null): Promise<void> {
  const { rows } = await client.query(`select from open_change where plan_id <> $1 and state <> 'stuck' limit 1`, [planId])
  if (rows.length === 0) return
  // Of each change the open one of the same thing is looked up by its key: an older plan may have any number of them.
  const pairs = `plan_change new cross join lateral (
    select o.plan_id, o.id from open_change o
     where o.person_id = new.person_id and o.system_id = new.system_id and o.job_id = new.job_id and o.kind = new.kind
       and coalesce(o.entitlement_id, 0) = coalesce(new.entitlement_id, 0) and o.state <> 'stuck' and o.plan_id <> new.plan_id offset 0) open`
  const ahead = `new.plan_id = $1 and new.state = 'planned' and new.stage = 2 and ($2::text[] is null or new.job_id = any ($2))`
  // No worker may begin them from here on.
  await client.query(`select from open_change o where (o.plan_id, o.id) in (select open.plan_id, open.id from ${pairs} where ${ahead}) for update`, [planId, jobs])
  await client.query(
    `update plan_change old set state = 'skipped', code = null, words = (select 'Plan ' || number || ' took its place.' from plan where id = $1)
       from ${pairs}
      where ${ahead} and old.plan_id = open.plan_id and old.id = open.id and old.state in ('waiting', 'again') and old.id not in ${allUnderWay}`, [planId, jobs])
  await client.query(
    `update plan_change refused set state = 'refused', code = 'CONFLICT', words = 'Another plan is at this very change.'
       from ${pairs}
      where ${ahead} and open.id in ${allUnderWay} and refused.plan_id = new.plan_id and refused.id = new.id`, [planId, jobs])
}

async function isOpenElsewhere(client: Client, planId: string, changeId: string): Promise<boolean> {
  const { rows } = await client.query(
    `select from plan_change c join plan_change other on other.plan_id <> c.plan_id and other.stage = 2 and other.state in ('waiting', 'again')
        and other.person_id = c.person_id and other.job_id = c.job_id and other.kind = c.kind and other.entitlement_id is not distinct from c.entitlement_id
      where c.plan_id = $1 and c.id = $2 and c.stage = 2 limit 1`, [planId, changeId])
  return rows.length > 0
}

function isObserved(policy: Parameters<typeof automaticJobs>[0]['policy'], jobId: string): boolean {
  const job = policy.jobs.find((j) => j.id === jobId)
  const system = policy.systems.find((s) => s.id === job?.destination)
  return job?.method === 'observe' || system?.method === 'observe'
}

export function notOpen(plan: PlanRow, verb: string): UsherError {
  if (plan.forecast) return new UsherError('PLAN_NOT_OPEN', `Plan ${plan.number} is a forecast: it shows what would be, and is never carried out.`)
  return new UsherError('PLAN_NOT_OPEN', `It is not possible now to ${verb} plan ${plan.number}: ${notOpenWords[plan.state] ?? `it is ${plan.state}`}.`)
}

const notOpenWords: Partial<Record<PlanRow['state'], string>> = {
  computing: 'it is still being computed', empty: 'there is nothing to change', approved: 'it is approved already', applying: 'it is being carried out',
  stopped: 'it is stopped; resume it first', applied: 'it has been carried out', superseded: 'a newer plan took its place', failed: 'it could not be computed',
}
