/** Writing one change to its system, and what follows from what the system answers. */
import type { Outcome, Page, SystemChange } from '../connectors/connector.ts'
import { sameAttribute } from '../domain/decide.ts'
import { differenceWords } from '../domain/difference-words.ts'
import { UsherError } from '../domain/errors.ts'
import type { Tried } from '../store/creation.ts'
import type { Client } from '../store/database.ts'
import type { LoadedFacts } from '../store/facts.ts'
import { keepNames } from '../store/name.ts'
import { foundReasons, linkAccounts, settleSeen, type Link, type Seen } from '../store/observed.ts'
import { attemptsToShow, contradicted, mayStillShow } from './carry-out-confirm.ts'
import { writtenTo, type Attempt, type Hands } from './carry-out-hands.ts'
import { look } from './carry-out-look.ts'
import { creationOf, isMarked, madeBefore } from './created-before.ts'
import type { PreparedJob } from './prepared-job.ts'

/** Sends one change; whoever is disabled is signed out too, where the system can. */
export async function perform(hands: Hands, attempt: Attempt, secret: string | undefined): Promise<Outcome> {
  const outcome = await hands.writer.apply(systemChange(attempt, hands.deciding.jobs, secret), hands.signal)
  if (attempt.change.kind !== 'disable' || !hands.canEndSessions || outcome.outcome === 'failed') return outcome
  const account = attempt.facts!.account!
  const ended = await hands.writer.endSessions!({ objectType: attempt.change.objectType!, id: account.nativeId, name: account.name }, hands.signal)
  return ended.outcome === 'failed' ? ended : outcome
}

/** The native id of the account that a change is about; null: it is to be made. */
function targetId({ facts, creation }: Pick<Attempt, 'facts' | 'creation'>): string | null {
  return facts!.account?.nativeId ?? (creation === null ? null : writtenTo(creation))
}

function systemChange({ change, facts, decided, creation }: Attempt, jobs: Map<string, PreparedJob>, secret: string | undefined): SystemChange {
  const objectType = change.objectType!
  const account = facts!.account
  const target = { objectType, id: targetId({ facts, creation }) ?? '', name: account?.name ?? facts!.name }
  const after = decided!.after ?? {}
  switch (change.kind) {
    case 'create': {
      const { enabled, ...attributes } = after
      return { kind: 'create', objectType, name: facts!.name, attributes, enabled: enabled === true, ...(secret === undefined ? {} : { secret }) }
    }
    case 'update': return { kind: 'update', ...target, set: after, clear: Object.keys(decided!.before ?? {}).filter((name) => after[name] === undefined) }
    case 'rename': return { kind: 'rename', ...target, newName: jobs.get(change.jobId!)!.nameOf({ ...account!.attributes, ...after }), set: after }
    case 'grant':
    case 'revoke': {
      const known = [...facts!.desired, ...facts!.held].find((e) => e.id === change.entitlementId)!
      return { kind: change.kind, ...target, entitlement: { objectType: known.objectType, id: known.nativeId, name: known.name } }
    }
    case 'link':
    case 'unlink': throw new UsherError('INTERNAL', 'Linking is not written to a system.')
    default: return { kind: change.kind, ...target }
  }
}

/** "Exists already": ours if a match rule says so, or if it is exactly what we were about to make. Otherwise somebody else's. */
export async function adoptExisting(hands: Hands, attempts: Attempt[]): Promise<void> {
  const existing = attempts.filter((a) => a.change.kind === 'create' && a.outcome?.outcome === 'failed' && a.outcome.code === 'ALREADY_EXISTS')
  if (existing.length === 0) return
  let page: Page
  try {
    page = await look(hands, existing.map((a) => ({ objectType: a.change.objectType!, name: a.change.subject })), existing[0]!.change.batchId)
  } catch (error) {
    // Whether it is ours cannot be seen now; it can later.
    if (!(error instanceof UsherError)) throw error
    for (const attempt of existing) attempt.outcome = { outcome: 'failed', retryable: true, code: error.code, words: error.message }
    return
  }
  for (const attempt of existing) {
    const record = page.records.find((r) => r.objectType === attempt.change.objectType && sameAttribute({ compare: 'dn' }, r.name, attempt.change.subject))
    if (record === undefined || record.protected === true) continue
    if (isMarked(hands.deciding.jobs, { jobId: attempt.change.jobId!, after: attempt.decided?.after ?? {} }, record)) attempt.outcome = { outcome: 'already', id: record.id }
  }
}

/**
 * What an earlier attempt created, whose end nobody saw: where it is still to be made, it is; where it is not, it is its
 * person's all the same. Returns those. A slow mirror may still come to show what the system answered with.
 */
export function recogniseCreated(hands: Hands, attempts: Attempt[], tried: Map<string, Tried>, shown: Page, { desired }: LoadedFacts): Link[] {
  const left: Link[] = []
  for (const attempt of attempts.filter((a) => a.change.kind === 'create' && (a.decided === null) === (a.end !== null))) {
    const { change, end, facts } = attempt
    if (facts?.account != null || end?.state === 'done') continue
    const key = `${change.personId} ${change.jobId}`
    const known = tried.get(key)
    // Who came by another plan is somebody else, with an account that looks the same; whom this one meant never came.
    if (known === undefined || !desired.has(key)) continue
    const made = madeBefore(hands.deciding.jobs, creationOf(change, known.answered), shown.records)
    if (made === null) {
      if (mayStillShow(hands, change) && isFresh(hands, known)) attempt.end = contradicted(hands, change, false)
    } else if (end === null) attempt.outcome = { outcome: made.isAnswered ? 'done' : 'already', id: made.record.id }
    else {
      attempt.end = { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: `${end.state === 'refused' ? end.words : differenceWords(change, undefined)} An earlier attempt has made the account, so it is this person's.` }
      left.push({ objectType: change.objectType!, nativeId: made.record.id, personId: change.personId!, jobId: change.jobId! })
    }
  }
  return left
}

/** An answer that is older than any mirror may be behind was not true, or somebody deleted the account: it is made anew. */
function isFresh({ context, settleMs }: Hands, { answeredAt }: Tried): boolean {
  return answeredAt !== null && Date.parse(context.now()) - Date.parse(answeredAt) < attemptsToShow * settleMs
}

/** What a look shows of what was written; what was created or adopted becomes its person's. `lost`: grants whose answer did not come, so that they may have happened. */
export async function settleWritten(client: Client, hands: Hands, written: Attempt[], lost: Attempt[], seen: Seen): Promise<void> {
  const { plan, system, revision } = hands
  const created = written.filter((a) => a.change.kind === 'create')
  const { batchId } = written[0]!.change
  const links = created.map((a) => ({ objectType: a.change.objectType!, nativeId: writtenTo(a)!, personId: a.change.personId!, jobId: a.change.jobId! }))
  const now = hands.context.now()
  const by = plan.approvedBy ?? plan.madeBy
  const granted = [...written.filter((a) => a.change.kind === 'grant'), ...lost].flatMap((a) => {
    const entitlement = a.facts?.desired.find((d) => d.id === a.change.entitlementId)
    const nativeId = entitlement === undefined ? null : writtenTo(a) ?? targetId(a)
    return nativeId === null ? [] : [{ nativeId, entitlementId: entitlement!.nativeId }]
  })
  const unlinked = await settleSeen(client, system.id, seen, now, { by, links, granted, batchId })
  if (links.length === 0) return
  await linkAccounts(client, system.id, unlinked, by, now)
  // One that was there already is linked like any other: what it holds becomes a reason, but for what was given before an answer was lost.
  const there = new Set(created.flatMap((a) => (a.outcome?.outcome === 'already' ? [a.outcome.id] : [])))
  const adopted = links.filter((l) => there.has(l.nativeId))
  await foundReasons(client, system.id, adopted, { planId: plan.id, batchId, revision: revision.revision, actor: 'usher', now })
  // A name that only an answer speaks of is no more than meant for them.
  const shown = new Set(seen.page.records.map((r) => r.id))
  await keepNames(client, links.filter((l) => shown.has(l.nativeId)))
}
