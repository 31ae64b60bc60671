/** What to do about drift: put it back, adopt it as a decision, or leave it until a date. */
import { decide } from '../domain/decide.ts'
import { UsherError } from '../domain/errors.ts'
import { accountJobs } from '../domain/policy.ts'
import { narrowed, putsBack } from '../domain/put-back.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction, type Client } from '../store/database.ts'
import { openDrift, settleDrift, takeOver, type DriftRow } from '../store/drift.ts'
import { insertExceptions, type NewException } from '../store/exception.ts'
import { loadFacts, pairKey } from '../store/facts.ts'
import { insertChanges, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { insertManualReason } from '../store/reason.ts'
import type { Context, Revision } from './context.ts'
import { evaluatePeople } from './evaluate-people.ts'
import { factsOf, hashChange } from './facts.ts'
import { holdersOf, methodOf, prepareDeciding } from './plan-systems.ts'
import { startPlan } from './start-plan.ts'
import { waitForNames } from './wait-for-names.ts'

/** Begins a plan that puts back exactly these. */
export async function putBackDrift(context: Context, ids: string[], actor: string): Promise<{ planId: string }> {
  const rows = await known(context, ids)
  return await startPlan(context, { cause: 'put back', actor, scope: { people: [...new Set(rows.map((r) => r.personId))] }, aim: { putBack: rows.map((r) => r.id) } })
}

/** Writes the changes of a plan that puts drift back. */
export async function planPutBack(context: Context, client: Client, plan: PlanRow, revision: Revision, asOf: string, ids: string[]): Promise<void> {
  const rows = await openDrift(client, ids)
  const only = [...new Set(rows.map((r) => r.personId))]
  await evaluatePeople(context, client, revision, { planId: plan.id, asOf, only, layPlan: true })
  const deciding = await prepareDeciding(context, client, revision, asOf)
  const byPair = Map.groupBy(rows, pairKey)
  const loaded = await loadFacts(client, 'overlay', asOf, [...byPair.values()].map(([row]) => row!), holdersOf(accountJobs(revision.policy)))
  await waitForNames(client, loaded, deciding.jobs)
  const changes = [...byPair.values()].flatMap((things) => {
    const facts = factsOf(loaded, things[0]!, deciding)
    return facts === null ? [] : decide(narrowed(facts, things)).filter((change) => putsBack(change, things))
  })
  await insertChanges(client, plan.id, changes.map((change) => {
    const told = { ...change, because: [...change.because, { because: 'put-back' as const, by: plan.madeBy }] }
    return { ...told, hash: hashChange(change), state: methodOf(revision, change.jobId) === 'observe' ? 'observed' as const : 'planned' as const }
  }))
}

/** Makes it right as it is: a reason for access that somebody gave by hand, an exception without end for anything else. */
export async function adoptDrift(context: Context, ids: string[], note: string, actor: string): Promise<void> {
  const rows = await known(context, ids)
  const { revision } = await currentRevision(context.pool)
  await decideOn(context, rows, 'adopted', actor, { note }, async (client, now) => {
    // Each locks its person: in the order in which everybody does.
    const extra = rows.filter((r) => r.kind === 'extra').toSorted((a, b) => (a.personId < b.personId ? -1 : 1))
    for (const { personId, entitlementId } of extra) await insertManualReason(client, { personId, entitlementId: entitlementId!, note, revision, actor, now })
    await takeOver(client, extra.map((r) => ({ accountId: r.accountId, entitlementId: r.entitlementId! })))
    await insertExceptions(client, rows.filter((r) => r.kind !== 'extra').map(exceptionOf), { until: null, note, by: actor, planId: null, now })
  })
}

/** Leaves it as it is until then. */
export async function leaveDrift(context: Context, ids: string[], until: string, note: string, actor: string): Promise<void> {
  if (Number.isNaN(Date.parse(until)) || Date.parse(until) <= Date.parse(context.now())) throw new UsherError('INVALID_INPUT', 'until must be an instant in the future.')
  const rows = await known(context, ids)
  await decideOn(context, rows, 'left', actor, { until, note }, async (client, now) => {
    await insertExceptions(client, rows.map(exceptionOf), { until, note, by: actor, planId: null, now })
  })
}

async function decideOn(
  context: Context, rows: DriftRow[], how: 'adopted' | 'left', actor: string, detail: Record<string, unknown>, work: (client: Client, now: string) => Promise<unknown>,
): Promise<void> {
  await transaction(context.pool, async (client) => {
    const now = context.now()
    const locked = await openDrift(client, rows.map((r) => r.id), 'for update')
    if (locked.length < rows.length) throw new UsherError('CONFLICT', 'Some of it was settled meanwhile. Look again.')
    await work(client, now)
    await settleDrift(client, rows.map((r) => r.id), how, actor, now)
    const { note: _, ...said } = detail
    await appendAudit(client, rows.map((r) => ({
      at: now, actor, action: `drift.${how}`, subject: `person:${r.personId}`,
      detail: { drift: r.id, system: r.systemId, account: r.accountId, thing: r.thing, attribute: r.attribute, entitlement: r.entitlementId, ...said },
    })))
  })
}

function exceptionOf({ personId, jobId, systemId, accountId, kind, thing, attribute, entitlementId, isNow }: DriftRow): NewException {
  return { personId, jobId, systemId, accountId, thing, attribute, entitlementId, keepsAccess: kind === 'extra' || (thing === 'enabled' && isNow === true) }
}

async function known(context: Context, ids: string[]): Promise<DriftRow[]> {
  const rows = await openDrift(context.pool, ids)
  if (rows.length < new Set(ids).size || rows.length === 0) throw new UsherError('NOT_FOUND', 'Some of it is not there, or was settled already. Look again.')
  return rows
}
