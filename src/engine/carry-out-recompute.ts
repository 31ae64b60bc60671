/** Recomputing each change from what is now. It checks a write; it never chooses one. */
import { decide, type AccountFacts, type DecidedChange } from '../domain/decide.ts'
import { differenceWords } from '../domain/difference-words.ts'
import { narrowed, thingsOf } from '../domain/put-back.ts'
import { loadFacts, pairKey, type DesiredRow, type LoadedFacts } from '../store/facts.ts'
import { markGranted } from '../store/observed.ts'
import type { ChangeEnd, ChangeRow } from '../store/batch.ts'
import { again } from './carry-out-end.ts'
import { contradicted, holds, seenAsPlanned } from './carry-out-confirm.ts'
import { pairsOf, type Attempt, type Hands } from './carry-out-hands.ts'
import { recomputeUndo } from './carry-out-undo.ts'
import type { Context } from './context.ts'
import { factsOf, hashChange } from './facts.ts'
import { methodOf } from './plan-systems.ts'
import { waitForNames } from './wait-for-names.ts'

/** An attempt per change: to be carried out as planned, or ended already; and the facts that it was decided from. */
export async function recompute(hands: Hands, changes: ChangeRow[]): Promise<{ attempts: Attempt[]; loaded: LoadedFacts }> {
  const loaded = await loadFacts(hands.context.pool, 'stored', hands.context.now(), pairsOf(changes), hands.holders)
  await waitForNames(hands.context.pool, loaded, hands.deciding.jobs)
  const isUndo = hands.plan.aim !== null && 'undo' in hands.plan.aim
  const attempts = isUndo ? await recomputeUndo(hands, changes, loaded) : recomputeAll(hands, changes, loaded)
  for (const attempt of attempts) {
    if (attempt.end !== null) continue
    const desired = loaded.desired.get(pairKey({ personId: attempt.change.personId!, jobId: attempt.change.jobId! }))
    const end = endOfObserved(hands, attempt.change) ?? (hands.plan.cause === 'leaver' ? endOfWhoIsBack(attempt.change, desired) : isUndo ? null : endOfUnsettled(hands, attempt.change, desired))
    // In place, as what comes with a creation refers to it.
    if (end !== null) Object.assign(attempt, { decided: null, end })
  }
  return { loaded, attempts }
}

/** Nothing is written to a system that somebody turned to *observe* since the plan was made. */
function endOfObserved({ revision, system }: Hands, { id, jobId }: ChangeRow): ChangeEnd | null {
  if (jobId === null || methodOf(revision, jobId) !== 'observe') return null
  return { id, state: 'refused', code: 'CHANGE_DIFFERS', words: `${system.name} is only observed by now.` }
}

/** What takes leavers out is not done with who is back: what was worked out for them may still be that they left. */
function endOfWhoIsBack({ id }: ChangeRow, desired: DesiredRow | undefined): ChangeEnd | null {
  return desired?.personState === 'ended' ? null : { id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The person is back by now.' }
}

/** Another plan has changed the person, and what they should have is still what it was before: the next attempt settles it. The lane does not wait for that. */
function endOfUnsettled({ context }: Hands, change: ChangeRow, desired: DesiredRow | undefined): ChangeEnd | null {
  if (desired?.isSettled !== false) return null
  return { ...again(context, change, 'CONFLICT', 'The person was changed a moment ago, and what they should have is being worked out.'), untried: true }
}

/** `creation`: where it is in the batch. */
interface Whole { facts: AccountFacts | null; decided: DecidedChange[]; creation: Attempt | null }

/** An account's facts are put together once, however many of its changes are in the batch. A creation comes before what follows it. */
function recomputeAll(hands: Hands, changes: ChangeRow[], loaded: LoadedFacts): Attempt[] {
  const deciding = { ...hands.deciding, asOf: hands.context.now() }
  const known = new Map<string, Whole>()
  return changes.map((change) => {
    const pair = { personId: change.personId!, jobId: change.jobId! }
    const key = pairKey(pair)
    let whole = known.get(key)
    if (whole === undefined) {
      const facts = factsOf(loaded, pair, deciding)
      known.set(key, whole = { facts, decided: facts === null ? [] : decide(facts), creation: null })
    }
    const attempt = recomputed(hands, change, whole)
    if (change.kind === 'create') whole.creation = attempt
    return attempt
  })
}

function recomputed(hands: Hands, change: ChangeRow, whole: Whole): Attempt {
  const narrow = whole.facts !== null && hands.plan.aim !== null && 'putBack' in hands.plan.aim
  const facts = narrow ? narrowed(whole.facts!, thingsOf(change)) : whole.facts
  const all = facts === null ? [] : narrow || change.kind === 'create' ? decide(asPlanned(facts, change)) : whole.decided
  const decided = all.find((d) => d.kind === change.kind && d.entitlementId === change.entitlementId)
  const attempt: Attempt = { change, decided: decided ?? null, facts, creation: change.kind === 'create' ? null : whole.creation, outcome: null, end: null }
  // Without it there is nothing to do; whether there will be, its end says.
  if (facts?.account == null && attempt.creation !== null && (attempt.creation.end !== null || attempt.creation.decided === null)) return { ...attempt, decided: null }
  if (facts !== null && facts.account === null && attempt.creation === null && change.kind !== 'create' && !achieved(change, facts)) {
    return { ...attempt, decided: null, end: { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The account is not there, or is not this person\'s any more.' } }
  }
  if (facts?.account != null && change.accountId !== null && facts.account.id !== change.accountId) {
    return { ...attempt, decided: null, end: { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'By now the person has another account than the one that this was planned for.' } }
  }
  if (facts !== null && refersToNobody(change, facts)) return { ...attempt, decided: null, end: waitForReference(hands.context, change) }
  if (decided !== undefined && hashChange(decided) === change.hash) return attempt
  if (decided === undefined && facts !== null && achieved(change, facts)) return { ...attempt, end: { id: change.id, state: 'done', accountId: facts.account?.id ?? null } }
  if (facts !== null && (change.code === 'CHANGE_CONTRADICTED' || (change.kind === 'create' && facts.account !== null && change.attempts > 1))) {
    return { ...attempt, decided: null, end: contradicted(hands, change, seenAsPlanned(change, facts)) }
  }
  return { ...attempt, decided: null, end: { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: differenceWords(change, decided) } }
}

/** Whether what the change was for is so already. */
function achieved(change: ChangeRow, facts: AccountFacts): boolean {
  const account = facts.account
  switch (change.kind) {
    case 'create': return seenAsPlanned(change, facts) === true
    case 'enable': return account?.enabled === true && facts.wanted === 'enabled'
    case 'disable': return account?.enabled === false && facts.wanted !== 'enabled'
    case 'delete': return account === null && facts.wanted === 'none'
    case 'grant': return facts.held.some((h) => h.id === change.entitlementId) && isDesired(change, facts)
    case 'revoke': return account !== null && !facts.held.some((h) => h.id === change.entitlementId) && !isDesired(change, facts)
    default: return account !== null && holds(account.attributes, change, facts)
  }
}

/** A role may give what it is about, and the person no account to hold it. */
function isDesired({ entitlementId }: ChangeRow, { wanted, desired }: AccountFacts): boolean {
  return wanted !== 'none' && desired.some((d) => d.id === entitlementId)
}

/** A creation leaves out the references that were still to come when it was planned, also if they came meanwhile. */
function asPlanned(facts: AccountFacts, change: ChangeRow): AccountFacts {
  if (change.kind !== 'create') return facts
  const references = Object.entries(facts.references).map(([name, r]) => [name, r === null ? null : { ...r, there: r.there && change.after?.[name] !== undefined }] as const)
  return { ...facts, references: Object.fromEntries(references) }
}

/** Whether an update would point to an account that was to be created and is not there. */
function refersToNobody(change: ChangeRow, facts: AccountFacts): boolean {
  return change.kind === 'update' && Object.keys(change.after ?? {}).some((name) => facts.references[name]?.there === false)
}

/** The account referred to is not there: its creation comes again later, or will never come. */
function waitForReference(context: Context, change: ChangeRow): ChangeEnd {
  if (change.attempts < 3) return again(context, change, 'TARGET_GONE', 'The account that this refers to is not there yet.')
  return { id: change.id, state: 'skipped', code: 'TARGET_GONE', words: 'The account that this refers to was not created.' }
}

/** Given before, by an attempt whose answer was lost, or meanwhile by somebody else: it is ours to take away. */
export async function markAchieved({ context }: Hands, attempts: Attempt[]): Promise<void> {
  await markGranted(context.pool, attempts.flatMap(({ change, end, facts }) =>
    (change.kind === 'grant' && end?.state === 'done' && facts?.account ? [{ accountId: facts.account.id, entitlementId: change.entitlementId! }] : [])))
}
