/** Recomputing a change that undoes another: it cannot ask policy, which would decide for itself; it asks whether the thing is still as it was. */
import type { AccountFacts } from '../domain/decide.ts'
import { givesAccess, stillToUndo } from '../domain/undo.ts'
import { transaction } from '../store/database.ts'
import type { LoadedFacts } from '../store/facts.ts'
import { endFoundReasons, unlinkAccounts } from '../store/observed.ts'
import { endChanges, holdBatch, type ChangeEnd, type ChangeRow } from '../store/batch.ts'
import { leftSince, livingEntitlements } from '../store/undo.ts'
import { auditChanges } from './audit-changes.ts'
import type { Attempt, Hands } from './carry-out-hands.ts'
import { seenFactsOf } from './facts.ts'
import { isOver, leftSinceWords } from './undo.ts'

const overWords = 'The instant is over until which this would have been left so. Undo it anew.'

export async function recomputeUndo(hands: Hands, changes: ChangeRow[], loaded: LoadedFacts): Promise<Attempt[]> {
  const { context, plan } = hands
  const { pool } = context
  const over = isOver(plan, context.now())
  const entitlements = await livingEntitlements(pool, changes.map((c) => c.entitlementId))
  const gone = plan.aim !== null && 'undo' in plan.aim ? await leftSince(pool, plan.aim.undo, changes.map((c) => c.personId!)) : new Set<string>()
  return changes.map((change) => {
    const seen = seenFactsOf(loaded, { personId: change.personId!, jobId: change.jobId! }, hands.deciding)
    const refuse = (code: string, words: string): Attempt => ({ change, decided: null, facts: seen, creation: null, outcome: null, end: { id: change.id, state: 'refused', code, words } })
    if (over) return refuse('CHANGE_DIFFERS', overWords)
    if (givesAccess(change) && gone.has(change.personId!)) return refuse('CHANGE_DIFFERS', leftSinceWords)
    const account = seen?.account ?? null
    if (seen === null || account === null || account.id !== change.accountId) return refuse('TARGET_GONE', 'The account is not there, or is not this person\'s any more.')
    if (account.protected) return refuse('PROTECTED', 'The account is protected by now.')
    const entitlement = change.entitlementId === null ? undefined : entitlements.get(change.entitlementId)
    if (change.entitlementId !== null && entitlement === undefined) return refuse('TARGET_GONE', 'The entitlement is not there any more.')
    const facts: AccountFacts = { ...seen, desired: entitlement === undefined ? [] : [{ ...entitlement, because: [] }] }
    const still = stillToUndo(change, account, new Set(facts.held.map((h) => h.id)), facts.descriptions)
    if (still === 'differs') return refuse('CHANGE_DIFFERS', 'Somebody changed it since the plan was made.')
    if (still === 'done') return { change, decided: null, facts, creation: null, outcome: null, end: { id: change.id, state: 'done', accountId: account.id } }
    const { kind, wave, personId, systemId, jobId, objectType, accountId, entitlementId, subject, before, after } = change
    return {
      change, facts, creation: null, outcome: null, end: null,
      decided: { kind, wave, personId: personId!, systemId, jobId: jobId!, objectType: objectType!, accountId, entitlementId, subject, before, after, because: [] },
    }
  })
}

/** Accounts become nobody's again; what they held when they were linked is no reason any more. */
export async function carryOutUnlinks(hands: Hands, changes: ChangeRow[]): Promise<void> {
  const { context, plan } = hands
  const now = context.now()
  await transaction(context.pool, async (client) => {
    if (!await holdBatch(client, changes[0]!.batchId)) return
    const over = isOver(plan, now)
    const unlinked = new Set(over ? [] : await unlinkAccounts(client, changes.map((c) => ({ accountId: c.accountId!, personId: c.personId!, jobId: c.jobId! }))))
    const ends = changes.map((change): ChangeEnd => unlinked.has(change.accountId!)
      ? { id: change.id, state: 'done', accountId: change.accountId }
      : { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: over ? overWords : 'The account is gone, protected, or not this person\'s any more.' })
    if (plan.aim !== null && 'undo' in plan.aim) await endFoundReasons(client, plan.aim.undo, changes.filter((c) => unlinked.has(c.accountId!)).map((c) => c.personId!), now)
    await endChanges(client, plan.id, changes[0]!.batchId, ends, now)
    await auditChanges(client, hands, changes.map((change, i) => ({ change, end: ends[i]! })), now)
  })
}
