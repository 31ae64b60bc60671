/** Stage 2 of a plan: what would make each destination agree with what people should have. */
import { setImmediate } from 'node:timers/promises'
import { accountJobs, stricter, type AccountJob, type Method, type Policy } from '../domain/policy.ts'
import { decide } from '../domain/decide.ts'
import type { ChangeState, Finding } from '../domain/plan.ts'
import { authoritativeIds, compareAll, differingPairs, type CompareInput, type Pair } from '../store/compare.ts'
import { together, type Client, type Db } from '../store/database.ts'
import { layFew, type EvaluatedRows } from '../store/overlay.ts'
import { loadFacts, type LoadedFacts } from '../store/facts.ts'
import { insertChanges, type NewChange } from '../store/plan.ts'
import { systemOf, type Context, type Revision } from './context.ts'
import { prepareJobs } from './prepared-job.ts'
import { factsOf, hashChange, type Deciding } from './facts.ts'
import { ahead } from './turns.ts'
import { waitForNames } from './wait-for-names.ts'

export interface SystemsPlanInput {
  planId: string
  revision: Revision
  asOf: string
  /** Jobs that take part; null: all account jobs. */
  jobs: string[] | null
  only: string[] | null
}

/** Compares as sets and writes the changes of stage 2, of what differs; needs the overlay that `evaluatePeople` opened in this transaction. Returns what is in the way. */
export async function planSystems(context: Context, client: Client, input: SystemsPlanInput): Promise<Finding[]> {
  const { planId, revision, asOf, only } = input
  const deciding = await prepareDeciding(context, client, revision, asOf)
  const holders = holdersOf(accountJobs(revision.policy))
  await compareAll(client, compareInput(revision, jobsOf(revision, input.jobs), asOf, only))
  const findings: Finding[] = []
  let decided: NewChange[] = []
  for await (const { pairs, loaded } of ahead(factsOfDiffering(client, asOf, holders, deciding, findings))) {
    // Those before are written, and those after loaded, while these are decided on.
    const [changes] = await Promise.all([decideOn(pairs, loaded, deciding, revision), insertChanges(client, planId, decided)])
    decided = changes
  }
  await insertChanges(client, planId, decided)
  return findings
}

async function* factsOfDiffering(client: Client, asOf: string, holders: Holder[], { jobs }: Deciding, findings: Finding[]): AsyncGenerator<{ pairs: Pair[]; loaded: LoadedFacts }> {
  for await (const pairs of differingPairs(client)) {
    const loaded = await loadFacts(client, 'overlay', asOf, pairs, holders)
    findings.push(...await waitForNames(client, loaded, jobs))
    yield { pairs, loaded }
  }
}

interface Holder { systemId: string; jobId: string }

/** So many accounts are decided on before others have their turn. */
const atOnce = 16

async function decideOn(pairs: Pair[], loaded: LoadedFacts, deciding: Deciding, revision: Revision): Promise<NewChange[]> {
  const changes: NewChange[] = []
  for (const [n, pair] of pairs.entries()) {
    if (n % atOnce === atOnce - 1) await setImmediate()
    const facts = factsOf(loaded, pair, deciding)
    for (const change of facts === null ? [] : decide(facts)) changes.push(Object.assign(change, { hash: hashChange(change), state: firstState(revision, change.jobId, change.kind) }))
  }
  return changes
}

/** The changes of a few people: each of their accounts is decided on, as that is quicker than to find out which ones differ. */
export async function decideFew(context: Context, client: Client, input: Omit<SystemsPlanInput, 'planId'> & { only: string[]; rows: EvaluatedRows }): Promise<{ changes: NewChange[]; findings: Finding[] }> {
  const { revision, asOf, only, rows } = input
  const pairs = jobsOf(revision, input.jobs).flatMap((job) => only.map((personId) => ({ personId, jobId: job.id })))
  const deciding = await prepareDeciding(context, client, revision, asOf)
  const [, loaded] = await together(client, () => layFew(client, rows), () => loadFacts(client, rows, asOf, pairs, holdersOf(accountJobs(revision.policy))))
  const findings = await waitForNames(client, loaded, deciding.jobs)
  return { changes: await decideOn(pairs, loaded, deciding, revision), findings }
}

/** `jobs`: made ready before, from the same revision. */
export async function prepareDeciding(context: Context, db: Db, revision: Revision, asOf: string, jobs = preparedJobs(context, revision)): Promise<Deciding> {
  const authoritative = revision.policy.systems.flatMap((s) => s.authoritative.map((entitlement) => ({ systemId: s.id, entitlement })))
  return { asOf, jobs, policyRevision: revision.revision, authoritative: new Set(await authoritativeIds(db, authoritative)) }
}

export function preparedJobs(context: Context, { policy }: Revision): Deciding['jobs'] {
  return prepareJobs(context, { policy, jobs: accountJobs(policy).map((job) => ({ job })) })
}

export function jobsOf(revision: Revision, ids: string[] | null): AccountJob[] {
  return accountJobs(revision.policy).filter((job) => ids === null || ids.includes(job.id))
}

/** The job whose account holds the entitlements of a system: the first in the policy. */
export function holdersOf(jobs: AccountJob[]): Holder[] {
  const first = new Map<string, string>()
  for (const job of jobs) if (!first.has(job.destination)) first.set(job.destination, job.id)
  return [...first].map(([systemId, jobId]) => ({ systemId, jobId }))
}

export function compareInput(revision: Revision, jobs: AccountJob[], asOf: string, only: string[] | null): CompareInput {
  return {
    layer: 'overlay', asOf, only,
    jobs: jobs.map((job) => ({ id: job.id, systemId: job.destination, deleteAfterDays: job.lifecycle.deleteAfterDays })),
    authoritative: revision.policy.systems.flatMap((s) => s.authoritative.map((entitlement) => ({ systemId: s.id, entitlement }))),
  }
}

/** Of policies that are in use, by job: each change of a plan asks. */
const methods = new WeakMap<Policy, Map<string, Method>>()

export function methodOf({ policy }: Revision, jobId: string): Method {
  const known = methods.get(policy) ?? new Map<string, Method>()
  methods.set(policy, known)
  const method = known.get(jobId) ?? methodIn(policy, jobId)
  known.set(jobId, method)
  return method
}

function methodIn(policy: Policy, jobId: string): Method {
  const job = policy.jobs.find((j) => j.id === jobId)
  if (job === undefined) return 'observe'
  return job.destination === 'people' ? job.method : stricter(job.method, systemOf(policy, job.destination).method)
}

/** How a leaver's changes are carried out: *approve* systems go along, unless they say otherwise. */
export function leaverMethod(revision: Revision, jobId: string): Method {
  const job = accountJobs(revision.policy).find((j) => j.id === jobId)
  if (job === undefined) return 'observe'
  const method = methodOf(revision, jobId)
  return method === 'approve' && systemOf(revision.policy, job.destination).leavers === 'automatic' ? 'automatic' : method
}

/** Linking writes nothing to the system, so it is not held back by *observe*. */
function firstState(revision: Revision, jobId: string, kind: string): ChangeState {
  return methodOf(revision, jobId) === 'observe' && kind !== 'link' ? 'observed' : 'planned'
}

