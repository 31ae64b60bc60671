/**
 * Carries out one batch of approved changes of one system and wave:
 * look, recompute, write, look again, record. A change is done when it was seen, not when it was sent.
 */
import type { Page } from '../connectors/connector.ts'
import { UsherError } from '../domain/errors.ts'
import { transaction } from '../store/database.ts'
import { triedCreations } from '../store/creation.ts'
import type { Asked, Seen } from '../store/observed.ts'
import { endChanges, type ChangeEnd, type ChangeRow } from '../store/batch.ts'
import { auditChanges } from './audit-changes.ts'
import { confirm } from './carry-out-confirm.ts'
import { again, failedEnd, giveBack, lookForLater, waitForSight } from './carry-out-end.ts'
import { comesWith, writtenTo, type Attempt, type Hands } from './carry-out-hands.ts'
import { look, see, wantedBefore } from './carry-out-look.ts'
import { markAchieved, recompute } from './carry-out-recompute.ts'
import { adoptExisting, perform, recogniseCreated, settleWritten } from './carry-out-write.ts'
import { takeIn } from './created-before.ts'
import { firstPasswords } from './handover.ts'
import { feel, notePulse } from './pulse.ts'

/** Returns whether the system answered at all; if not, the caller pauses. */
export async function carryOut(hands: Hands, changes: ChangeRow[]): Promise<{ reachable: boolean }> {
  const { context, system, plan } = hands
  const tried = await triedCreations(context.pool, changes)
  let shown: Page
  try {
    shown = await look(hands, await wantedBefore(hands, changes, tried), changes[0]!.batchId)
  } catch (error) {
    return await giveBack(hands, changes, error)
  }
  const { attempts, loaded } = await recompute(hands, changes)
  await markAchieved(hands, attempts)
  waitForSight(hands, attempts, shown)
  const secrets = await firstPasswords(context, attempts.filter((a) => a.decided?.kind === 'create').map((a) => a.change), hands.deciding.jobs)
  const ready = attempts.filter((a) => a.decided !== null && a.end === null)
  const left = recogniseCreated(hands, attempts, tried, shown, loaded)
  await write(hands, ready.filter((a) => a.outcome === null && a.end === null && comesWith(a) === null), secrets)
  await adoptExisting(hands, attempts)
  await write(hands, ready.filter((a) => isMade(comesWith(a))), secrets)
  const written = attempts.filter((a) => a.outcome?.outcome === 'done' || a.outcome?.outcome === 'already')
  const seen = await seeAgain(hands, written)
  const unreachable = await lookForLater(hands, attempts)
  // What was seen and what follows from it stand there together or not at all.
  await transaction(context.pool, async (client) => {
    if (seen !== null) await settleWritten(client, hands, written, attempts.filter(isLostGrant), seen)
    await confirm(client, hands, attempts, loaded)
    for (const attempt of attempts) attempt.end ??= failedEnd(hands, attempt)
    const ends = attempts.map((a) => withAnswer(a, unlessNotCreated(a, a.end!)))
    const now = context.now()
    if (!await endChanges(client, plan.id, changes[0]!.batchId, ends, now)) return
    await takeIn(client, system.id, left, 'usher', now)
    const ended = attempts.map((a, i) => ({ change: a.change, end: ends[i]! }))
    await auditChanges(client, hands, ended, now)
    await notePulse(client, hands, ended)
  })
  return { reachable: !unreachable }
}

async function write(hands: Hands, attempts: Attempt[], secrets: Map<string, string>): Promise<void> {
  await Promise.all(attempts.map((attempt) => hands.inTurn(async () => {
    if (hands.pulse.halted !== null || hands.signal.aborted) return
    const { kind, personId, jobId } = attempt.change
    attempt.outcome = await perform(hands, attempt, kind === 'create' ? secrets.get(`${personId} ${jobId}`) : undefined)
    feel(hands.pulse, attempt.change, attempt.outcome)
  })))
}

function isLostGrant({ change, outcome }: Attempt): boolean {
  return change.kind === 'grant' && outcome?.outcome === 'failed' && outcome.code === 'SYSTEM_UNREACHABLE'
}

/** Whether the batch has made the account, by what the system answers. One that is adopted is linked before it is given anything. */
function isMade(creation: Attempt | null): boolean {
  return creation?.outcome?.outcome === 'done'
}

/** What an account was to get is given back where its creation was not seen, whatever the system answered. */
function unlessNotCreated(attempt: Attempt, end: ChangeEnd): ChangeEnd {
  const creation = comesWith(attempt)
  if (creation === null || end.state === 'done' || creation.end!.state === 'done') return end
  return { id: end.id, state: 'waiting', ...(attempt.outcome === null ? { untried: true } : {}) }
}

/** What the system answered a creation with is kept until that was seen. */
function withAnswer(attempt: Attempt, end: ChangeEnd): ChangeEnd {
  return attempt.change.kind === 'create' && end.state !== 'done' ? { ...end, answeredId: writtenTo(attempt) } : end
}

/** Null where nothing was written, or what was written cannot be seen now: it is looked at again later, and writing twice does no harm. */
async function seeAgain(hands: Hands, written: Attempt[]): Promise<Seen | null> {
  const asked = new Map([...Map.groupBy(written.flatMap(askedAfter), (a) => a.id)].map(([id, own]): [string, Asked] => [id, {
    objectType: own[0]!.objectType, id, deleted: own.some((a) => a.deleted === true), revoked: own.flatMap((a) => a.revoked ?? []),
  }]))
  if (asked.size === 0) return null
  try {
    return await see(hands, [...asked.values()].map(({ objectType, id }) => ({ objectType, id })), asked)
  } catch (error) {
    if (!(error instanceof UsherError)) throw error
    for (const attempt of written) attempt.end = again(hands.context, attempt.change, error.code, error.message)
    return null
  }
}

/** Whom to look at after a write, and what it took from them. */
function askedAfter({ change, outcome }: Attempt): Asked[] {
  if (outcome === null || !('id' in outcome)) return []
  return [{
    objectType: change.objectType!, id: outcome.id,
    ...(change.kind === 'delete' && outcome.outcome === 'done' ? { deleted: true } : {}),
    ...(change.kind === 'revoke' ? { revoked: [change.entitlementId!] } : {}),
  }]
}
