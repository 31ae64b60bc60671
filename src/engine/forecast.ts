/**
 * A plan for an instant to come: the people, reasons, policy and systems as they are known now, with the calendar moved on.
 * It is computed by the same functions as the plan on that day, and keeps nothing but its own changes.
 */
import { peopleOf } from '../domain/plan.ts'
import { roleGrants } from '../domain/policy.ts'
import { transaction } from '../store/database.ts'
import { forgetNames } from '../store/forecast.ts'
import { countChanges, setPlan, type PlanRow } from '../store/plan.ts'
import { followRoles } from '../store/role-entitlement.ts'
import { applyBrakes } from './brakes.ts'
import { systemOf, type Context, type Revision } from './context.ts'
import { evaluatePeople } from './evaluate-people.ts'
import { planCalendar } from './plan-calendar.ts'
import { hashOfPlan } from './plan-hash.ts'
import { jobsOf, planSystems } from './plan-systems.ts'
import { readSystem } from './read-system.ts'

export async function computeForecast(context: Context, plan: PlanRow, revision: Revision, signal: AbortSignal): Promise<void> {
  const { id: planId, asOf, scope } = plan
  const only = peopleOf(scope)
  const jobs = jobsOf(revision, scope !== null && 'jobs' in scope && scope.jobs.some((id) => isToSystem(revision, id)) ? scope.jobs : null).map((j) => j.id)
  const basis = await readAnew(context, plan, revision, signal)
  await setPlan(context.pool, planId, { progress: 'Comparing' })
  await transaction(context.pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(hashtext('usher computing'))`)
    await client.query(`set local work_mem = '128MB'`)
    await planCalendar(client, { planId, revision, asOf, only })
    await followRoles(client, revision.revision, roleGrants(revision.policy))
    const { findings } = await evaluatePeople(context, client, revision, { planId, asOf, only, layPlan: true })
    findings.push(...await planSystems(context, client, { planId, revision, asOf, jobs, only }))
    const brakes = await applyBrakes(client, planId, revision.policy, asOf, [])
    await forgetNames(client, planId)
    const hash = await hashOfPlan(client, planId, { revision: revision.revision, asOf, basis })
    await setPlan(client, planId, {
      state: 'forecast', policy_revision: revision.revision, basis, hash, counts: await countChanges(client, planId), brakes, findings, progress: null, ended_at: context.now(),
    })
  })
}

/** As last seen, unless it was asked for otherwise; what cannot be read whole is taken as last seen, too. */
async function readAnew(context: Context, plan: PlanRow, revision: Revision, signal: AbortSignal): Promise<PlanRow['basis']> {
  const basis: PlanRow['basis'] = { snapshots: {}, observations: {} }
  if (!plan.readAnew) return basis
  await setPlan(context.pool, plan.id, { progress: 'Reading systems' })
  for (const id of new Set(jobsOf(revision, null).map((j) => j.destination))) {
    basis.observations[id] = (await readSystem(context, revision, systemOf(revision.policy, id), signal)).observationId
  }
  return basis
}

function isToSystem(revision: Revision, jobId: string): boolean {
  return jobsOf(revision, [jobId]).length > 0
}
