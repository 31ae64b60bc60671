/** An authorised human ends a person, now or at an instant, and takes that back. */
import { UsherError } from '../domain/errors.ts'
import { standing } from '../domain/person.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction, type Client } from '../store/database.ts'
import { callForLeavers, lockLeavingPeople, openLeaver, restoreReasons, startEndsByHand, type LeavingPerson } from '../store/leaver.ts'
import { applyPeopleBatch } from '../store/people-apply.ts'
import { writePeople } from '../store/people-plan.ts'
import { insertEnd, liftEnd, liftPendingEnds, standingEnd } from '../store/person-end.ts'
import { approveAll, countChanges, insertPlan, setPlan } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import type { Context, Revision } from './context.ts'
import { planTurn } from './people-changes.ts'
import { hashOfPlan } from './plan-hash.ts'
import { startPlan } from './start-plan.ts'

export interface EndInput {
  personId: string
  /** Absent: now. */
  at?: string
  note?: string
}

/** The clock's id where the end is now, null where it is still to come. */
export async function endPerson(context: Context, input: EndInput, actor: string): Promise<{ effectiveAt: string; leaverId: string | null }> {
  const { policy } = await currentRevision(context.pool)
  return await transaction(context.pool, async (client) => {
    const now = context.now()
    const effectiveAt = input.at === undefined ? now : new Date(input.at).toISOString()
    const person = await lockPerson(client, input.personId)
    const name = String(person.attributes['displayName'] ?? person.attributes['employeeId'] ?? 'This person')
    if (standing(person.positions, effectiveAt, policy.settings.timeZone, person.cuts).living.length === 0) {
      throw new UsherError('INVALID_INPUT', `${name} has no position that lives at ${effectiveAt}: there is nothing to end.`)
    }
    await liftPendingEnds(client, person.id, actor, now)
    await insertEnd(client, { personId: person.id, effectiveAt, note: input.note ?? null, by: actor, at: now })
    await appendAudit(client, [{ at: now, actor, action: 'person.end', subject: `person:${person.id}`, detail: { effectiveAt } }])
    if (effectiveAt <= now) await startEndsByHand(client, now)
    await callForLeavers(client)
    return { effectiveAt, leaverId: effectiveAt <= now ? await openLeaver(client, person.id) : null }
  })
}

/**
 * Takes the last end back. If it took effect, the person is back at once with the reasons that it cut, and a plan brings
 * back what follows from them.
 */
export async function liftPersonEnd(context: Context, personId: string, actor: string): Promise<{ planId: string | null }> {
  const revision = await currentRevision(context.pool)
  const back = await transaction(context.pool, async (client) => {
    const now = context.now()
    await lockPerson(client, personId)
    const end = await standingEnd(client, personId)
    if (end === null) throw new UsherError('NOT_FOUND', 'Nobody ended this person by hand.')
    const leaver = await openLeaver(client, personId)
    await liftEnd(client, end.id, actor, now)
    await appendAudit(client, [{ at: now, actor, action: 'person.end-lifted', subject: `person:${personId}`, detail: { effectiveAt: end.effectiveAt } }])
    await callForLeavers(client)
    // A clock that was set back makes an end to come of one that took effect.
    if (end.effectiveAt > now && leaver === null) return false
    return await bringBack(context, client, revision, { personId, leaver, actor, now })
  })
  return back ? await startPlan(context, { cause: 'end lifted', actor, scope: { people: [personId] } }) : { planId: null }
}

async function lockPerson(client: Client, id: string): Promise<LeavingPerson> {
  const [person] = await lockLeavingPeople(client, [id])
  if (person === undefined) throw new UsherError('NOT_FOUND', 'There is no such person.')
  return person
}

/** The person's own change, as a plan that is carried out at once. False where they stay ended for another reason. */
async function bringBack(
  context: Context, client: Client, revision: Revision, { personId, leaver, actor, now }: { personId: string; leaver: string | null; actor: string; now: string },
): Promise<boolean> {
  const person = await lockPerson(client, personId)
  const turn = planTurn(person, { asOf: now, timeZone: revision.policy.settings.timeZone })
  if (turn.change === null) return false
  const planId = context.newId()
  await insertPlan(client, { id: planId, cause: 'end lifted', scope: { people: [personId] }, policyRevision: revision.revision, asOf: now, madeBy: actor })
  await writePeople(client, planId, [turn.change.change], [turn.change.overlay])
  await approveAll(client, planId, 1)
  await applyPeopleBatch(client, { planId, wave: 0, limit: 1, now, actor, singly: 1 })
  if (leaver !== null) await restoreReasons(client, leaver, now)
  const basis = { snapshots: {}, observations: {} }
  await setPlan(client, planId, {
    state: 'applied', hash: await hashOfPlan(client, planId, { revision: revision.revision, asOf: now, basis }), counts: await countChanges(client, planId),
    approved_by: actor, approved_at: now, started_at: now, ended_at: now,
  })
  return true
}
