/**
 * Computes a plan: reads sources and destinations, lays the people as they will be over those that are, and compares.
 * Nothing outside Usher is written; only readers are opened here.
 */
import { UsherError } from '../domain/errors.ts'
import { accountJobs, peopleJobs, roleGrants, type Policy, type System } from '../domain/policy.ts'
import { peopleOf, type Finding, type PlanBrake } from '../domain/plan.ts'
import { briskTransaction, together, transaction, type Client } from '../store/database.ts'
import { fewMax } from '../store/overlay.ts'
import { areRolesStored, storeRoleEntitlements } from '../store/role-entitlement.ts'
import { recordDrift } from '../store/drift.ts'
import { recordFindings, type FindingScope } from '../store/finding.ts'
import { releaseUnused } from '../store/name.ts'
import { wasReadWhole } from '../store/observation.ts'
import { countChanges, findPlan, setPlan, supersedeOlder, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { applyBrakes } from './brakes.ts'
import type { Context, Revision } from './context.ts'
import { computeForecast } from './forecast.ts'
import { evaluateFew, evaluatePeople } from './evaluate-people.ts'
import { traceDrift } from './drift-trace.ts'
import { withPlanLock } from './plan-lock.ts'
import { hashOfPlan } from './plan-hash.ts'
import { planCalendar } from './plan-calendar.ts'
import { planPeople } from './plan-people.ts'
import { planAim } from './plan-aim.ts'
import { holdersOf, jobsOf, methodOf, planSystems } from './plan-systems.ts'
import { readSource, type SnapshotResult } from './read-source.ts'
import { readSystem, type ReadResult } from './read-system.ts'
import { refreshPeople } from './refresh-people.ts'

/** Does nothing where the plan is computed already. */
export async function computePlan(context: Context, planId: string, signal: AbortSignal): Promise<void> {
  await withPlanLock(context, 'compute-plan', planId, signal, (held) => computeLocked(context, planId, held))
}

async function computeLocked(context: Context, planId: string, signal: AbortSignal): Promise<void> {
  const plan = await findPlan(context.pool, planId)
  if (plan === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
  if (plan.state !== 'computing') return
  try {
    await compute(context, plan, signal)
  } catch (error) {
    // Told to stop, not failed: whoever starts next computes it.
    if (signal.aborted) return
    const known = error instanceof UsherError
    if (!known) context.log.error({ plan: plan.number, err: error }, 'computing a plan failed')
    await setPlan(context.pool, planId, {
      state: 'failed', ended_at: context.now(), progress: null,
      error: known ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: 'Computing the plan failed. The log says more.' },
    })
  }
}

async function compute(context: Context, plan: PlanRow, signal: AbortSignal): Promise<void> {
  const revision = await currentRevision(context.pool)
  if (plan.forecast) return await computeForecast(context, plan, revision, signal)
  const only = peopleOf(plan.scope)
  const jobIds = plan.scope !== null && 'jobs' in plan.scope ? plan.scope.jobs : null
  const findings: Finding[] = []
  const basis: PlanRow['basis'] = { snapshots: {}, observations: {} }

  const snapshots: SnapshotResult[] = []
  if (only === null) {
    for (const job of peopleJobs(revision.policy).filter((j) => jobIds === null || jobIds.includes(j.id))) {
      await setPlan(context.pool, plan.id, { progress: `Reading ${job.name}` })
      const snapshot = await readSource(context, revision, job, signal)
      snapshots.push(snapshot)
      basis.snapshots[job.id] = snapshot.snapshotId
    }
  }

  // A job to people concerns every system that people are provisioned to.
  const affected = jobIds === null || snapshots.length > 0 ? jobsOf(revision, null) : jobsOf(revision, jobIds)
  const unreachable = new Set<string>()
  const outOfContract: PlanBrake[] = []
  if (only === null) {
    await setPlan(context.pool, plan.id, { progress: 'Reading systems' })
    await Promise.all([...new Set(affected.map((j) => j.destination))].map(async (id) => {
      const system = revision.policy.systems.find((s) => s.id === id)
      if (system === undefined) return
      const read = await readSystem(context, revision, system, signal)
      basis.observations[id] = read.observationId
      if (read.contractHash !== undefined) outOfContract.push(contractBrake(system, read))
      if (read.complete) return
      // Before it once told all it has, nobody can say who is there already.
      if (read.accounts + read.entitlements === 0 || !(await wasReadWhole(context.pool, id))) unreachable.add(id)
      findings.push({ code: read.code ?? 'SYSTEM_READ_INCOMPLETE', system: id, message: `${system.name}: ${read.because}` })
    }))
  } else {
    await refreshPeople(context, revision, only, signal)
  }
  signal.throwIfAborted()

  if (only === null) await setPlan(context.pool, plan.id, { progress: 'Comparing' })
  const asOf = context.now()
  let mayHaveDrifted = false
  const few = only !== null && only.length <= fewMax
  await (few ? briskTransaction : transaction)(context.pool, async (client) => {
    // One plan of everybody at a time. A plan of some people waits for nobody.
    if (only === null) await client.query(`select pg_advisory_xact_lock(hashtext('usher computing'))`)
    if (!few) await client.query(`set local work_mem = '128MB'`)
    // First, so that this plan may give the names that the older ones only meant to.
    await together(client,
      () => supersedeOlder(client, plan, context.now()), () => releaseUnused(client, only), () => setPlan(client, plan.id, { as_of: asOf, policy_revision: revision.revision, basis }))
    const brakes: PlanBrake[] = [...outOfContract]
    if (plan.aim !== null) {
      findings.push(...await planAim(context, client, plan, revision, asOf))
      return await close(context, client, plan, revision, { asOf, basis, findings, brakes: await applyBrakes(client, plan.id, revision.policy, asOf, brakes), only })
    }
    if (only === null) {
      const people = await planPeople(context, client, { planId: plan.id, revision, asOf, snapshots })
      findings.push(...people.findings)
      brakes.push(...people.brakes)
    }
    const [rolesStored] = await together(client,
      () => only !== null && areRolesStored(client, revision.revision), () => only !== null && planCalendar(client, { planId: plan.id, revision, asOf, only }))
    if (!rolesStored) {
      const missing = await storeRoleEntitlements(client, revision.revision, roleGrants(revision.policy))
      if (only === null) findings.push(...missing.filter((m) => !unreachable.has(m.systemId)).map((m) => unknownEntitlement(revision.policy, m)))
    }
    const evaluation = few ? await evaluateFew(context, client, revision, { planId: plan.id, asOf, only })
      : await evaluatePeople(context, client, revision, { planId: plan.id, asOf, only, layPlan: true })
    findings.push(...evaluation.findings)
    const jobs = affected.filter((j) => !unreachable.has(j.destination)).map((j) => j.id)
    await planSystems(context, client, { planId: plan.id, revision, asOf, jobs, only, layer: few ? 'few' : 'overlay' })
    const holders = holdersOf(accountJobs(revision.policy)).map((h) => h.jobId).filter((id) => jobs.includes(id))
    mayHaveDrifted = await recordDrift(client, { planId: plan.id, policyRevision: revision.revision, asOf, jobs, holders, only, layer: few ? 'few' : 'overlay' })
    const allBrakes = await applyBrakes(client, plan.id, revision.policy, asOf, brakes)
    await close(context, client, plan, revision, { asOf, basis, findings, brakes: allBrakes, only })
  })
  if (mayHaveDrifted) await traceDrift(context, revision, asOf, signal)
}

async function close(
  context: Context, client: Client, plan: PlanRow, revision: Revision,
  result: { asOf: string; basis: PlanRow['basis']; findings: Finding[]; brakes: PlanBrake[]; only: string[] | null },
): Promise<void> {
  const { asOf, basis, findings, brakes, only } = result
  const [counts, hash] = await together(client,
    () => countChanges(client, plan.id), () => hashOfPlan(client, plan.id, { revision: revision.revision, asOf, basis }),
    () => plan.aim === null && recordFindings(client, findingScope(plan, only), findings, asOf))
  const open = counts.filter((c) => c.state === 'planned' || c.state === 'held').reduce((sum, c) => sum + c.n, 0)
  const held = brakes.some((b) => b.released === undefined)
  await setPlan(client, plan.id, {
    hash, counts, brakes, findings, progress: null,
    state: open === 0 ? 'empty' : held ? 'held' : 'open', ended_at: open === 0 ? context.now() : null,
  })
}

/** What this plan looked at; what it did not look at, it must not call resolved. */
function findingScope(plan: PlanRow, only: string[] | null): FindingScope {
  if (only !== null) return { kind: 'people', people: only }
  return plan.scope !== null && 'jobs' in plan.scope ? { kind: 'jobs', jobs: plan.scope.jobs } : { kind: 'all' }
}

/** Which of a plan's changes need nobody's approval: none, as long as a change to people in it does. */
export function automaticJobs(revision: Revision, stageOneJobs: string[]): { people: boolean; jobs: string[] } {
  const people = stageOneJobs.every((id) => methodOf(revision, id) === 'automatic')
  return { people, jobs: people ? accountJobs(revision.policy).filter((j) => methodOf(revision, j.id) === 'automatic').map((j) => j.id) : [] }
}

function unknownEntitlement(policy: Policy, missing: { roleId: string; systemId: string; entitlement: string }): Finding {
  const { roleId, systemId, entitlement } = missing
  return { code: 'ENTITLEMENT_UNKNOWN', system: systemId, message: `Role "${roleId}" gives "${entitlement}", which ${nameOf(policy, systemId)} does not show.` }
}

/** An operator may say that what a system shows is right as it is. */
function contractBrake({ id, name }: System, { accounts, contractHash, because }: ReadResult): PlanBrake {
  return { system: id, kind: 'disable', planned: 0, of: accounts, limit: {}, setHash: contractHash!, code: 'SYSTEM_OUT_OF_CONTRACT', because: `${name}: ${because ?? ''}` }
}

function nameOf(policy: Policy, systemId: string): string {
  return policy.systems.find((s) => s.id === systemId)?.name ?? systemId
}
