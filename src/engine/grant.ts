/** Reasons given by hand, and their end. Each becomes a plan for that person at once. */
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import { currentRevision } from '../store/policy.ts'
import { endReasonRow, insertManualReason } from '../store/reason.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

export async function grant(
  context: Context, input: { personId: string; roleId?: string; entitlementId?: string; until?: string; note?: string }, actor: string,
): Promise<{ reasonId: string; planId: string }> {
  if ((input.roleId === undefined) === (input.entitlementId === undefined)) throw new UsherError('INVALID_INPUT', 'Give either a role or an entitlement.')
  const now = context.now()
  if (input.until !== undefined && Date.parse(input.until) <= Date.parse(now)) throw new UsherError('INVALID_INPUT', 'until must be in the future.')
  const { revision, policy } = await currentRevision(context.pool)
  if (input.roleId !== undefined && !policy.roles.some((r) => r.id === input.roleId)) throw new UsherError('NOT_FOUND', `There is no role "${input.roleId}".`)
  const reasonId = await transaction(context.pool, async (client) => {
    const id = await insertManualReason(client, { ...input, revision, actor, now })
    await appendAudit(client, [{ at: now, actor, action: 'reason.given', subject: `person:${input.personId}`, detail: { reason: id, role: input.roleId, entitlement: input.entitlementId, until: input.until } }])
    return id
  })
  const { planId } = await startPlan(context, { cause: 'grant', actor, scope: { people: [input.personId] } })
  return { reasonId, planId }
}

export async function endReason(context: Context, reasonId: string, actor: string): Promise<{ planId: string }> {
  const now = context.now()
  const personId = await transaction(context.pool, async (client) => {
    const person = await endReasonRow(client, reasonId, now)
    if (person === null) throw new UsherError('NOT_FOUND', 'There is no such reason that was given by hand or found and still lives.')
    await appendAudit(client, [{ at: now, actor, action: 'reason.ended', subject: `person:${person}`, detail: { reason: reasonId } }])
    return person
  })
  return await startPlan(context, { cause: 'reason ended', actor, scope: { people: [personId] } })
}
