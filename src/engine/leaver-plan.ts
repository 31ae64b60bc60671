/**
 * The plan of people who leave: reversible changes only (disable, with sessions ended where the system can; take
 * memberships away), from what was last seen, in one transaction. The people are ended first, so that whatever older plans
 * still mean to do for them is refused.
 */
import { accountJobs } from '../domain/policy.ts'
import { decide, waves, type DecidedChange } from '../domain/decide.ts'
import type { PlanBrake } from '../domain/plan.ts'
import { contested, type Client } from '../store/database.ts'
import { endKeptAccess } from '../store/exception.ts'
import { loadFacts } from '../store/facts.ts'
import {
  accountsOfLeavers, insertLeaverSystems, lockLeavingPeople, markReturned, setLeaverPlan, settleLeavers,
  type LeaverRow, type LeaversAccount, type LeaverSystemRow,
} from '../store/leaver.ts'
import { endPeople } from '../store/leaver-people.ts'
import { approveAll, countChanges, insertChanges, insertPlan, setPlan } from '../store/plan.ts'
import { appendAudit } from '../store/audit.ts'
import type { Context, Revision } from './context.ts'
import { factsOf, hashChange, type Deciding } from './facts.ts'
import { planTurn } from './people-changes.ts'
import { hashOfPlan } from './plan-hash.ts'
import { holdersOf, leaverMethod } from './plan-systems.ts'
import { brakeLeavers, mayBeHeld } from './leaver-brakes.ts'
import type { Ready } from './leaver-ready.ts'
import { skipSuperseded } from './start-plan.ts'

/** Ends these people and plans what that means. Returns the plan that is to be carried out now, or null where nothing is. */
export async function planLeavers(context: Context, { revision, policyHash }: Ready, deciding: Deciding, leavers: LeaverRow[]): Promise<string | null> {
  return await contested(context.pool, async (client) => {
    const now = context.now()
    const people = await lockLeavingPeople(client, leavers.map((l) => l.personId))
    const view = { asOf: now, timeZone: revision.policy.settings.timeZone }
    const turns = new Map(people.map((person) => [person.id, planTurn(person, view)]))
    const staying = leavers.filter((l) => turns.get(l.personId)?.state !== 'ended')
    if (staying.length > 0) await markReturned(client, staying.map((l) => l.id), now)
    const leaving = leavers.filter((l) => !staying.includes(l))
    if (leaving.length === 0) return null

    const planId = context.newId()
    const ids = leaving.map((l) => l.personId)
    const actor = leaving[0]!.actor
    await insertPlan(client, { id: planId, cause: 'leaver', scope: { people: ids }, policyRevision: revision.revision, asOf: now, madeBy: actor })
    const ending = ids.flatMap((id) => turns.get(id)!.change ?? [])
    if (ending.length > 0) await endPeople(client, planId, ending.map((c) => c.change), actor, now)
    await settleLeavers(client, ids, now)
    // What was left to them by decision was left to somebody who stayed.
    await endKeptAccess(client, ids, actor, now)
    const accounts = await accountsOfLeavers(client, ids)
    const changes = await decideLeaving(client, revision, deciding, accounts, now)
    await insertChanges(client, planId, changes.map((change) => ({
      ...change, hash: hashChange(change), state: leaverMethod(revision, change.jobId) === 'observe' ? 'observed' : 'planned',
    })))
    const go = revision.policy.jobs.map((j) => j.id).filter((id) => leaverMethod(revision, id) === 'automatic')
    const brakes: PlanBrake[] = []
    if (changes.length > 0) {
      const supersede = (): Promise<void> => skipSuperseded(client, planId, go)
      if (mayBeHeld(revision.policy, leaving, changes)) brakes.push(...await brakeLeavers(client, planId, revision.policy, now, supersede))
      else await supersede()
      await approveAll(client, planId, 2, go)
    }
    await insertLeaverSystems(client, systemsOf(revision, leaving, accounts))
    await setLeaverPlan(client, leaving.map((l) => l.id), planId)
    return await closePlan(context, client, planId, { revision: revision.revision, policyHash }, brakes, actor, now)
  })
}

/** What takes people out of their systems, as if they had nothing to have; never a deletion. */
async function decideLeaving(client: Client, revision: Revision, deciding: Deciding, accounts: LeaversAccount[], now: string): Promise<DecidedChange[]> {
  const pairs = [...new Map(accounts.map((a) => [`${a.personId} ${a.jobId}`, { personId: a.personId, jobId: a.jobId }])).values()]
  if (pairs.length === 0) return []
  const loaded = await loadFacts(client, 'stored', now, pairs, holdersOf(accountJobs(revision.policy)))
  return pairs.flatMap((pair) => {
    const facts = factsOf(loaded, pair, { ...deciding, asOf: now })
    return facts === null ? [] : decide(facts).filter((change) => change.kind === 'disable' || change.kind === 'revoke')
      // Neither waits for the other: all of it goes at once.
      .map((change) => ({ ...change, wave: waves.disable }))
  })
}

function systemsOf(revision: Revision, leavers: LeaverRow[], accounts: LeaversAccount[]): LeaverSystemRow[] {
  return leavers.flatMap((leaver) => [...Map.groupBy(accounts.filter((a) => a.personId === leaver.personId), (a) => a.systemId)].map(([systemId, own]): LeaverSystemRow => {
    const mine = own.filter((a) => leaverMethod(revision, a.jobId) !== 'observe')
    const words = own.every((a) => a.protected) ? 'The account is protected and is never touched.'
      : mine.length === 0 ? 'Usher only observes this system: not managed here.' : null
    return {
      leaverId: leaver.id, systemId, state: words === null ? 'to-do' : 'unmanaged', words,
      accounts: own.map((a) => ({ id: a.id, name: a.name })),
    }
  }))
}

async function closePlan(context: Context, client: Client, planId: string, from: { revision: number; policyHash: string }, brakes: PlanBrake[], actor: string, now: string): Promise<string | null> {
  const counts = await countChanges(client, planId)
  const count = (...states: string[]): number => counts.filter((c) => states.includes(c.state)).reduce((sum, c) => sum + c.n, 0)
  const hash = await hashOfPlan(client, planId, { ...from, asOf: now, basis: { snapshots: {}, observations: {} } })
  const goes = count('waiting')
  const state = goes > 0 ? 'approved' : count('held') > 0 ? 'held' : count('planned') > 0 ? 'open' : 'applied'
  await setPlan(client, planId, {
    hash, counts, state, brakes, progress: null, ...(state === 'applied' ? { ended_at: now } : {}),
    ...(state === 'open' || state === 'held' ? {} : { approved_by: actor, approved_at: now }),
  })
  await appendAudit(client, [{ at: now, actor, action: 'plan.approved', subject: `plan:${planId}`, detail: { hash, leaver: true, changes: goes } }])
  return goes > 0 ? planId : null
}
