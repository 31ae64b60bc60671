/** Lets one exact held set go on: the word of a user, or of two where the policy says so. */
import { UsherError } from '../domain/errors.ts'
import type { PlanBrake, PlanState } from '../domain/plan.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction, type Client } from '../store/database.ts'
import { setPlan, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { confirmRelease, insertRelease, latestRelease, userOfActor } from '../store/release.ts'
import { holdAnew, needsSecond } from './brakes.ts'
import type { Context } from './context.ts'
import { approveAutomatic, lockPlan, notOpen, startPlan } from './start-plan.ts'

/** While the rest of a plan is carried out, what it holds can be released: it goes on when that is over. */
const releasable: PlanState[] = ['open', 'held', 'approved', 'applying', 'stopped']

/**
 * Missing people are planned anew with the release, as `planId`; everything else stays the same plan. `pending`: a second user
 * must confirm.
 */
export async function releaseHeld(context: Context, planId: string, setHash: string, actor: string): Promise<{ pending: boolean; planId: string }> {
  const { pending, replan } = await transaction(context.pool, async (client) => {
    const plan = await lockPlan(client, planId)
    const brake = plan.brakes.find((b) => b.setHash === setHash)
    // A read that is right as it is concerns the next plan, whatever became of this one.
    const ofRead = brake?.because !== undefined && (plan.state === 'empty' || plan.state === 'applied')
    if (!ofRead && !releasable.includes(plan.state)) throw notOpen(plan, 'release part of')
    if (brake === undefined) throw new UsherError('PLAN_HASH_DIFFERS', `Plan ${plan.number} holds no such set. Review it again.`)
    const at = context.now()
    const word = await speak(context, client, plan, brake, actor, at)
    const { pending: _, ...rest } = brake
    const now: PlanBrake = word.pending ? { ...brake, pending: { by: actor, at } } : { ...rest, released: { by: word.first, at, ...(word.first === actor ? {} : { second: actor }) } }
    const brakes = plan.brakes.map((b) => (b.setHash === setHash ? now : b))
    if (!word.pending) await holdAnew(client, planId, brakes)
    const waits = plan.state === 'open' || plan.state === 'held'
    await setPlan(client, planId, { brakes, ...(waits ? { state: brakes.some((b) => b.released === undefined) ? 'held' : 'open' } : {}) })
    const detail = { system: brake.system, kind: brake.kind, changes: brake.planned, setHash, ...(word.pending ? { secondNeeded: true } : {}) }
    await appendAudit(client, [{ at, actor, action: word.pending ? 'brake.release-begun' : 'brake.released', subject: `plan:${planId}`, detail }])
    return { pending: word.pending, replan: brake.code !== undefined && !word.pending }
  })
  if (replan) return { pending, ...await startPlan(context, { cause: 'release', actor, scope: null }) }
  if (!pending) await approveAutomatic(context, planId)
  return { pending, planId }
}

async function speak(context: Context, client: Client, plan: PlanRow, brake: PlanBrake, actor: string, at: string): Promise<{ pending: boolean; first: string }> {
  const user = await userOfActor(client, actor)
  const first = await latestRelease(client, brake.setHash, at)
  const { policy } = await currentRevision(client)
  const waits = first !== null && first.secondNeeded && first.second === null
  if (waits) {
    if (first.user === user) throw new UsherError('SECOND_PERSON_NEEDED', 'You released this set already; another user must confirm it.')
    await confirmRelease(client, first.id, actor, at)
    return { pending: false, first: first.by }
  }
  const secondNeeded = needsSecond(policy, brake)
  await insertRelease(client, { id: context.newId(), planId: plan.id, kind: brake.kind, subject: brake.system, setHash: brake.setHash, by: actor, user, at, secondNeeded })
  return { pending: secondNeeded, first: actor }
}
