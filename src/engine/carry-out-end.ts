/** How a change ends that did not succeed: when it is tried again, and when a person must look. */
import type { Page } from '../connectors/connector.ts'
import { UsherError } from '../domain/errors.ts'
import { transaction } from '../store/database.ts'
import { pairKey } from '../store/facts.ts'
import { noteAway } from '../store/system-health.ts'
import { endChanges, type ChangeEnd, type ChangeRow } from '../store/batch.ts'
import { pairsOf, type Attempt, type Hands } from './carry-out-hands.ts'
import type { Context } from './context.ts'
import { recordAiling } from './pulse.ts'

const backOffSeconds = [2, 5, 15, 60, 300, 1800, 3600, 3600, 3600, 3600]
/** A system that is away is looked for at first so often, later so seldom. */
const [awayMsMin, awayMsMax] = [2_000, 15_000]

/** Tried again later, and later still each time. */
export function again(context: Context, change: ChangeRow, code: string, words: string, leastMs = 0): ChangeEnd {
  const delay = Math.max(leastMs, 1000 * backOffSeconds[Math.min(change.attempts - 1, backOffSeconds.length - 1)]!)
  return { id: change.id, state: 'again', code, words, nextAttemptAt: after(context, delay), accountId: change.accountId }
}

/** What the system's answer means for a change that was not seen. */
export function failedEnd(hands: Hands, { change, outcome }: Attempt): ChangeEnd {
  const { context, pulse } = hands
  if (outcome === null) {
    if (pulse.halted === 'away') return { ...unanswered(hands, change, `${hands.system.name} does not answer.`), untried: true }
    return { id: change.id, state: 'waiting', code: change.code, untried: true }
  }
  if (outcome.outcome === 'pending') return { id: change.id, state: 'again', nextAttemptAt: outcome.until, words: 'The system will show it later.' }
  if (outcome.outcome !== 'failed') return again(context, change, 'INTERNAL', 'The change was not seen.')
  // Being away says nothing about the change: it is never given up for that.
  if (outcome.code === 'SYSTEM_UNREACHABLE') return unanswered(hands, change, outcome.words)
  if (outcome.retryable && change.attempts < backOffSeconds.length) return again(context, change, outcome.code, outcome.words)
  return { id: change.id, state: 'stuck', code: outcome.code, words: outcome.words }
}

/** Nothing is written to an account that the system hides, as nobody can say that it is gone; it comes again when it is shown. */
export function waitForSight({ context, system }: Hands, attempts: Attempt[], shown: Page): void {
  const ids = new Set(shown.records.map((r) => r.id))
  for (const attempt of attempts) {
    const account = attempt.facts?.account
    if (attempt.end !== null || account == null || ids.has(account.nativeId)) continue
    const words = `${system.name} does not show this account now. Perhaps the account that Usher uses may not see it any more.`
    attempt.end = again(context, attempt.change, 'SYSTEM_OUT_OF_CONTRACT', words)
  }
}

/** Whether the system is away; then it is known since when. */
export async function lookForLater(hands: Hands, attempts: Attempt[]): Promise<boolean> {
  const words = attempts.flatMap(({ outcome }) => (outcome?.outcome === 'failed' && outcome.code === 'SYSTEM_UNREACHABLE' ? [outcome.words] : []))
  const away = hands.pulse.halted === 'away' || (words.length > 0 && words.length >= attempts.length / 2)
  if (away && words.length > 0) await isAway(hands, words[0]!)
  return away
}

/** The system could not even be looked at: nothing was tried. */
export async function giveBack(hands: Hands, changes: ChangeRow[], error: unknown): Promise<{ reachable: boolean }> {
  if (!(error instanceof UsherError)) throw error
  const away = error.code === 'SYSTEM_UNREACHABLE'
  if (away) await isAway(hands, error.message)
  const ends = changes.map((change): ChangeEnd => {
    if (away) return { ...unanswered(hands, change, error.message), untried: true }
    if (change.attempts >= backOffSeconds.length) return { id: change.id, state: 'stuck', code: error.code, words: error.message }
    return again(hands.context, change, error.code, error.message)
  })
  await transaction(hands.context.pool, (client) => endChanges(client, hands.plan.id, changes[0]!.batchId, ends, hands.context.now()))
  return { reachable: false }
}

async function isAway({ context, system, pulse, revision }: Hands, words: string): Promise<void> {
  pulse.awaySince = await noteAway(context.pool, system.id, words, context.now())
  await transaction(context.pool, (client) => recordAiling(client, revision.policy, context.now()))
}

/** The longer a system has been away, the more seldom it is looked for; but never so seldom that somebody waits for it. */
function unanswered({ context, pulse }: Hands, change: ChangeRow, words: string): ChangeEnd {
  const awayMs = pulse.awaySince === null ? 0 : Date.parse(context.now()) - Date.parse(pulse.awaySince)
  const delay = Math.min(Math.max(awayMs / 4, awayMsMin), awayMsMax)
  return { id: change.id, state: 'again', code: 'SYSTEM_UNREACHABLE', words, nextAttemptAt: after(context, delay), accountId: change.accountId }
}

function after(context: Context, milliseconds: number): string {
  return new Date(Date.parse(context.now()) + milliseconds).toISOString()
}

/** What came along with a creation is given back, to come when its turn is; returns the others. */
export async function withoutCompany({ context, plan }: Hands, changes: ChangeRow[]): Promise<ChangeRow[]> {
  const created = new Set(pairsOf(changes.filter((c) => c.kind === 'create')).map(pairKey))
  const [along, others] = [true, false].map((is) => changes.filter((c) => (c.kind === 'grant' && created.has(`${c.personId} ${c.jobId}`)) === is)) as [ChangeRow[], ChangeRow[]]
  const ends = along.map(({ id, code }): ChangeEnd => ({ id, state: 'waiting', code, untried: true }))
  await transaction(context.pool, (client) => endChanges(client, plan.id, changes[0]!.batchId, ends, context.now()))
  return others
}

/** A fault of ours: tried a few times more, then a person must look. */
export async function giveUp({ context, plan }: Hands, change: ChangeRow): Promise<void> {
  const words = 'A fault in Usher; its log says more.'
  const end: ChangeEnd = change.attempts < 4 ? again(context, change, 'INTERNAL', words) : { id: change.id, state: 'stuck', code: 'INTERNAL', words }
  await transaction(context.pool, (client) => endChanges(client, plan.id, change.batchId, [end], context.now()))
}
