/** How a change ends that did not succeed: when it is tried again, and when a person must look. */
import { UsherError } from '../domain/errors.ts'
import { transaction } from '../store/database.ts'
import { endChanges, type ChangeEnd, type ChangeRow } from '../store/plan.ts'
import type { Attempt, Hands } from './carry-out-hands.ts'
import type { Context } from './context.ts'

const backOffSeconds = [2, 5, 15, 60, 300, 1800, 3600, 3600, 3600, 3600]
/** A system that is away is looked for this often. */
const awaySecondsMax = 30

/** Tried again later, and later still each time. */
export function again(context: Context, change: ChangeRow, code: string, words: string, leastMs = 0): ChangeEnd {
  const delay = Math.max(leastMs, 1000 * backOffSeconds[Math.min(change.attempts - 1, backOffSeconds.length - 1)]!)
  return { id: change.id, state: 'again', code, words, nextAttemptAt: new Date(Date.parse(context.now()) + delay).toISOString(), accountId: change.accountId }
}

/** What the system's answer means for a change that was not seen. */
export function failedEnd(context: Context, { change, outcome }: Attempt): ChangeEnd {
  if (outcome?.outcome === 'pending') return { id: change.id, state: 'again', nextAttemptAt: outcome.until, words: 'The system will show it later.' }
  if (outcome?.outcome !== 'failed') return again(context, change, 'INTERNAL', 'The change was not attempted.')
  if (outcome.retryable && change.attempts < backOffSeconds.length) return again(context, change, outcome.code, outcome.words)
  return { id: change.id, state: 'stuck', code: outcome.code, words: outcome.words }
}

/** The system could not even be looked at: nothing was tried. */
export async function giveBack(hands: Hands, changes: ChangeRow[], error: unknown): Promise<{ reachable: boolean }> {
  if (!(error instanceof UsherError)) throw error
  const reachable = error.code !== 'SYSTEM_UNREACHABLE'
  const soon = new Date(Date.parse(hands.context.now()) + 1000 * awaySecondsMax).toISOString()
  const ends = changes.map((change): ChangeEnd => {
    if (reachable && change.attempts >= backOffSeconds.length) return { id: change.id, state: 'stuck', code: error.code, words: error.message }
    const later = again(hands.context, change, error.code, error.message)
    return reachable || later.nextAttemptAt! < soon ? later : { ...later, nextAttemptAt: soon }
  })
  await transaction(hands.context.pool, (client) => endChanges(client, hands.plan.id, ends, hands.context.now()))
  return { reachable: false }
}

/** A fault of ours: tried a few times more, then a person must look. */
export async function giveUp({ context, plan }: Hands, change: ChangeRow): Promise<void> {
  const words = 'A fault in Usher; its log says more.'
  const end: ChangeEnd = change.attempts < 4 ? again(context, change, 'INTERNAL', words) : { id: change.id, state: 'stuck', code: 'INTERNAL', words }
  await transaction(context.pool, (client) => endChanges(client, plan.id, [end], context.now()))
}
