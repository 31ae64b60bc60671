/**
 * Computes a plan: reads sources and destinations, lays the people as they will be over those that are, and compares.
 * Nothing outside Usher is written; only readers are opened here.
 */
import { UsherError } from '../domain/errors.ts'
import { accountJobs, peopleJobs, roleGrants, type Policy, type System } from '../domain/policy.ts'
import { peopleOf, type Finding, type PlanBrake } from '../domain/plan.ts'
import { briskly, briskTransaction, databaseFault, isPassing, together, transaction, type Client } from '../store/database.ts'
import { isAtPeople } from '../store/batch.ts'
import { fewMax } from '../store/overlay.ts'
import { areRolesStored, storeRoleEntitlements } from '../store/role-entitlement.ts'
import { recordDrift, recordDriftOfFew, type DriftLook } from '../store/drift.ts'
import { recordFindings, type FindingScope } from '../store/finding.ts'
import { releaseUnused } from '../store/name.ts'
import { indexNames } from '../store/name-index.ts'
import { wasReadWhole } from '../store/observation.ts'
import { accountsOfPeople } from '../store/observed.ts'
import { countChanges, findPlan, sendChanges, setPlan, supersedeOlder, type ChangeCount, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { applyBrakes } from './brakes.ts'
import type { Context, Revision } from './context.ts'
import { computeForecast } from './forecast.ts'
import { evaluateFew, evaluatePeople, loadFew } from './evaluate-people.ts'
import { traceDrift } from './drift-trace.ts'
import { namedAttributes } from './names.ts'
import { withPlanLock } from './plan-lock.ts'
import { hashOfPlan, hashOfPolicy } from './plan-hash.ts'
import { planCalendar } from './plan-calendar.ts'
import { planPeople } from './plan-people.ts'
import { planAim } from './plan-aim.ts'
import { decideFew, holdersOf, jobsOf, methodOf, planSystems } from './plan-systems.ts'
import { readSource, type SnapshotResult } from './read-source.ts'
import { readSystem, type ReadResult } from './read-system.ts'
import { refreshPeople } from './refresh-people.ts'

const writesMs = 500

/** Does nothing where the plan is computed already. */
export async function computePlan(context: Context, planId: string, signal: AbortSignal): Promise<void> {
  await withPlanLock(context, 'compute-plan', planId, signal, (held, connection) => computeLocked(context, connection, planId, held))
}

async function computeLocked(context: Context, connection: Client, planId: string, signal: AbortSignal): Promise<void> {
  const plan = await briskly(connection, (client) => findPlan(client, planId))
  if (plan === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
  if (plan.state !== 'computing') return
  if (await waitForWrites(context, connection, plan)) return
  try {
    await compute(context, connection, plan, signal)
  } catch (error) {
    // Told to stop, not failed: whoever starts next computes it.
    if (signal.aborted) return
    // Nor is this: the queue tries it again.
    if (isPassing(error)) throw error
    const known = error instanceof UsherError ? error : databaseFault(error)
    if (known !== error) context.log.error({ plan: plan.number, err: error }, 'computing a plan failed')
    await setPlan(context.pool, planId, {
      state: 'failed', ended_at: context.now(), progress: null,
      error: known ? { code: known.code, message: known.message } : { code: 'INTERNAL', message: 'Computing the plan failed. The log says more.' },
    })
  }
}

/**
 * What a worker checked before somebody's plan was begun, it may still write after the plan has looked: the plan looks when
 * that is over. A plan of everybody does not wait: it is not the only one that comes.
 */
async function waitForWrites(context: Context, connection: Client, plan: PlanRow): Promise<boolean> {
  const only = peopleOf(plan.scope)
  if (plan.forecast || only === null || !await briskly(connection, (client) => isAtPeople(client, only, plan.asOf))) return false
  await setPlan(context.pool, plan.id, { progress: 'Waiting for changes under way' })
  await context.enqueue('compute-plan', plan.id, new Date(Date.parse(context.now()) + writesMs).toISOString())
  return true
}

async function compute(context: Context, connection: Client, plan: PlanRow, signal: AbortSignal): Promise<void> {
  const only = peopleOf(plan.scope)
  const [revision, accounts] = await briskly(connection, (client) => together(client, () => currentRevision(client), () => (only === null ? [] : accountsOfPeople(client, only))))
  if (plan.forecast) return await computeForecast(context, plan, revision, signal)
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
    await refreshPeople(context, revision, accounts, signal)
  }
  signal.throwIfAborted()

  if (only === null) {
    await setPlan(context.pool, plan.id, { progress: 'Comparing' })
    // Without it names are found, too.
    await indexNames(context.pool, namedAttributes(revision.policy)).catch((error: unknown) => context.log.warn({ plan: plan.number, err: error }, 'an index of names could not be made'))
  }
  const look: Look = { asOf: context.now(), basis, findings, jobs: affected.filter((j) => !unreachable.has(j.destination)).map((j) => j.id), unreachable, snapshots, outOfContract }
  const mayHaveDrifted = only !== null && only.length <= fewMax && plan.aim === null
    ? await briskTransaction(connection, (client) => planFew(context, client, plan, revision, only, look))
    : await transaction(context.pool, (client) => planMany(context, client, plan, revision, only, look))
  if (mayHaveDrifted) await traceDrift(context, revision, look.asOf, signal)
}

/** What was read, and what came of it. */
interface Look {
  asOf: string
  basis: PlanRow['basis']
  findings: Finding[]
  /** Account jobs that take part. */
  jobs: string[]
  unreachable: Set<string>
  snapshots: SnapshotResult[]
  outOfContract: PlanBrake[]
}

/** Everybody, or so many people that they are compared as sets. Returns whether something may have drifted. */
async function planMany(context: Context, client: Client, plan: PlanRow, revision: Revision, only: string[] | null, look: Look): Promise<boolean> {
  const { asOf, findings, jobs, unreachable, snapshots } = look
  // One plan of everybody at a time. A plan of some people waits for nobody.
  if (only === null) await client.query(`select pg_advisory_xact_lock(hashtext('usher computing'))`)
  await client.query(`set local work_mem = '128MB'`)
  // First, so that this plan may give the names that the older ones only meant to.
  await supersedeOlder(client, plan, context.now())
  await releaseUnused(client, only)
  await followRevision(client, plan, revision)
  const brakes: PlanBrake[] = [...look.outOfContract]
  if (plan.aim !== null) {
    findings.push(...await planAim(context, client, plan, revision, asOf))
    await close(context, client, plan, revision, look, await applyBrakes(client, plan.id, revision.policy, asOf, brakes), only)
    return false
  }
  if (only === null) {
    const people = await planPeople(context, client, { planId: plan.id, revision, asOf, snapshots })
    findings.push(...people.findings)
    brakes.push(...people.brakes)
  } else await planCalendar(client, { planId: plan.id, revision, asOf, only })
  if (only === null || !(await areRolesStored(client, revision.revision))) {
    const missing = await storeRoleEntitlements(client, revision.revision, roleGrants(revision.policy))
    if (only === null) findings.push(...missing.filter((m) => !unreachable.has(m.systemId)).map((m) => unknownEntitlement(revision.policy, m)))
  }
  findings.push(...(await evaluatePeople(context, client, revision, { planId: plan.id, asOf, only, layPlan: true })).findings)
  findings.push(...await planSystems(context, client, { planId: plan.id, revision, asOf, jobs, only }))
  await recordDrift(client, { ...driftLook(plan, revision, look), only, layer: 'overlay' })
  const counts = await countChanges(client, plan.id)
  const all = await applyBrakes(client, plan.id, revision.policy, asOf, brakes, counts)
  // Nothing is held, and nothing waits for people: the states are those that were counted.
  const isCounted = all.length === 0 && counts.every((c) => c.stage === 2)
  await close(context, client, plan, revision, look, all, only, isCounted ? counts : undefined)
  return true
}

/** The same for a few people, looked up one by one, in as few trips as may be: what is not needed for the next question goes out together. */
async function planFew(context: Context, client: Client, plan: PlanRow, revision: Revision, only: string[], look: Look): Promise<boolean> {
  const { asOf, findings, jobs } = look
  const [, , rolesStored, known] = await together(client,
    () => supersedeOlder(client, plan, context.now()), () => followRevision(client, plan, revision), () => areRolesStored(client, revision.revision), () => loadFew(client, only, asOf))
  if (known.people.some((person) => person.due)) await planCalendar(client, { planId: plan.id, revision, asOf, only })
  if (!rolesStored) await storeRoleEntitlements(client, revision.revision, roleGrants(revision.policy))
  const evaluation = await evaluateFew(context, client, revision, known, { planId: plan.id, asOf })
  const { changes, findings: inTheWay } = await decideFew(context, client, { revision, asOf, jobs, only, rows: evaluation.rows })
  findings.push(...evaluation.findings, ...inTheWay)
  const [, mayHaveDrifted, brakes] = await together(client,
    () => sendChanges(client, plan.id, changes),
    () => recordDriftOfFew(client, { ...driftLook(plan, revision, look), only, rows: evaluation.rows }, changes),
    () => applyBrakes(client, plan.id, revision.policy, asOf, []))
  await close(context, client, plan, revision, look, brakes, only)
  return mayHaveDrifted
}

/** The policy may have been edited since the plan was begun. */
async function followRevision(client: Client, plan: PlanRow, { revision }: Revision): Promise<void> {
  if (plan.policyRevision !== revision) await setPlan(client, plan.id, { policy_revision: revision })
}

function driftLook(plan: PlanRow, revision: Revision, { asOf, jobs }: Look): Omit<DriftLook, 'only' | 'layer'> {
  const holders = holdersOf(accountJobs(revision.policy)).map((h) => h.jobId).filter((id) => jobs.includes(id))
  return { planId: plan.id, policyRevision: revision.revision, asOf, jobs, holders }
}

async function close(context: Context, client: Client, plan: PlanRow, revision: Revision, { asOf, basis, findings }: Look, brakes: PlanBrake[], only: string[] | null, counted?: ChangeCount[]): Promise<void> {
  const policyHash = await hashOfPolicy(client, revision)
  const [counts, hash] = await together(client,
    () => counted ?? countChanges(client, plan.id), () => hashOfPlan(client, plan.id, { revision: revision.revision, asOf, basis, policyHash }),
    () => plan.aim === null && recordFindings(client, findingScope(plan, only), findings, asOf))
  const open = counts.filter((c) => c.state === 'planned' || c.state === 'held').reduce((sum, c) => sum + c.n, 0)
  const held = brakes.some((b) => b.released === undefined)
  await setPlan(client, plan.id, {
    as_of: asOf, policy_revision: revision.revision, basis, hash, counts, brakes, findings, progress: null,
    state: open === 0 ? 'empty' : held ? 'held' : 'open', ended_at: open === 0 ? context.now() : null,
  })
}

/** What this plan looked at; what it did not look at, it must not call resolved. */
function findingScope(plan: PlanRow, only: string[] | null): FindingScope {
  if (only !== null) return { kind: 'people', people: only }
  return plan.scope !== null && 'jobs' in plan.scope ? { kind: 'jobs', jobs: plan.scope.jobs } : { kind: 'all' }
}

/** Which of a plan's changes need nobody's approval: none, as long as a change to people in it does. */
export function automaticJobs(revision: Revision, stageOneJobs: string[], method = methodOf): { people: boolean; jobs: string[] } {
  const people = stageOneJobs.every((id) => methodOf(revision, id) === 'automatic')
  return { people, jobs: people ? accountJobs(revision.policy).filter((j) => method(revision, j.id) === 'automatic').map((j) => j.id) : [] }
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
