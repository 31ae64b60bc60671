/** Reasons given by hand, and their end. Each becomes a plan for that person at once. */
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import { currentRevision } from '../store/policy.ts'
import { endReasonRow, insertManualReason, moveEnd } from '../store/reason.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

export async function grant(
  context: Context, input: { personId: string; roleId?: string; entitlementId?: string; from?: string; until?: string; note?: string }, actor: string,
): Promise<{ reasonId: string; planId: string }> {
  if ((input.roleId === undefined) === (input.entitlementId === undefined)) throw new UsherError('INVALID_INPUT', 'Give either a role or an entitlement.')
  const now = context.now()
  const from = input.from !== undefined && Date.parse(input.from) > Date.parse(now) ? input.from : undefined
  if (input.until !== undefined && Date.parse(input.until) <= Date.parse(from ?? now)) {
    throw new UsherError('INVALID_INPUT', from === undefined ? 'until must be in the future.' : 'until must be after from.')
  }
  const { revision, policy } = await currentRevision(context.pool)
  if (input.roleId !== undefined && !policy.roles.some((r) => r.id === input.roleId)) throw new UsherError('NOT_FOUND', `There is no role "${input.roleId}".`)
  const { from: _, ...rest } = input
  const given = { ...rest, ...(from === undefined ? {} : { from }) }
  const reasonId = await transaction(context.pool, async (client) => {
    const id = await insertManualReason(client, { ...given, revision, actor, now })
    await appendAudit(client, [{ at: now, actor, action: 'reason.given', subject: `person:${input.personId}`, detail: { reason: id, role: input.roleId, entitlement: input.entitlementId, from, until: input.until } }])
    return id
  })
  const { planId } = await startPlan(context, { cause: 'grant', actor, scope: { people: [input.personId] } })
  return { reasonId, planId }
}

export async function endReason(context: Context, reasonId: string, actor: string): Promise<{ planId: string }> {
  const now = context.now()
  const personId = await transaction(context.pool, async (client) => {
    const person = await endReasonRow(client, reasonId, actor, now)
    if (person === null) throw new UsherError('NOT_FOUND', 'There is no such reason that was given by hand or found and still lives.')
    await appendAudit(client, [{ at: now, actor, action: 'reason.ended', subject: `person:${person}`, detail: { reason: reasonId } }])
    return person
  })
  return await startPlan(context, { cause: 'reason ended', actor, scope: { people: [personId] } })
}

/** Extends or shortens what was given, in place: nothing is taken away and given again. `until` null: no end. */
export async function changeEnd(context: Context, reasonId: string, until: string | null, actor: string): Promise<{ planId: string }> {
  const now = context.now()
  if (until !== null && Date.parse(until) <= Date.parse(now)) throw new UsherError('INVALID_INPUT', 'until must be in the future; what shall end now is ended.')
  const personId = await transaction(context.pool, async (client) => {
    const reason = await moveEnd(client, reasonId, until, now)
    if (reason === null) throw new UsherError('NOT_FOUND', 'There is no such reason that was given by hand or found and still lives. What has ended is given anew.')
    if (until !== null && Date.parse(until) <= Date.parse(reason.from)) throw new UsherError('INVALID_INPUT', 'until must be after the beginning.')
    const detail = { reason: reasonId, role: reason.roleId ?? undefined, entitlement: reason.entitlementId ?? undefined, before: reason.before, until }
    await appendAudit(client, [{ at: now, actor, action: 'reason.moved', subject: `person:${reason.personId}`, detail }])
    return reason.personId
  })
  return await startPlan(context, { cause: 'reason changed', actor, scope: { people: [personId] } })
}
