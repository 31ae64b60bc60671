/** A person settles what failed: a stuck change that was dealt with otherwise, a paused system that may go on. */
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import { currentRevision } from '../store/policy.ts'
import { insertSettled, type SettledHow } from '../store/stuck.ts'
import { liftPause } from '../store/system-health.ts'
import { systemOf, type Context } from './context.ts'
import { recordAiling } from './pulse.ts'

/** It is not tried again. The next plan looks for itself: what is still to be done is planned anew. */
export async function settleChange(context: Context, planId: string, changeId: string, settled: { how: SettledHow; note: string }, actor: string): Promise<void> {
  await transaction(context.pool, async (client) => {
    const at = context.now()
    if (!await insertSettled(client, { planId, changeId, ...settled, by: actor, at })) throw new UsherError('NOT_FOUND', 'This change is not stuck, or was settled already.')
    // The note may name people; it stands in the table, where it can be erased.
    await appendAudit(client, [{ at, actor, action: 'change.settled', subject: `plan:${planId}`, detail: { change: changeId, how: settled.how } }])
  })
}

/** What waited goes on; the plan that met the brake goes on to its end, whatever else fails in it. */
export async function resumeSystem(context: Context, systemId: string, actor: string): Promise<void> {
  const { policy } = await currentRevision(context.pool)
  const system = systemOf(policy, systemId)
  const plans = await transaction(context.pool, async (client) => {
    const waiting = await liftPause(client, systemId)
    if (waiting === null) throw new UsherError('CONFLICT', `${system.name} is not paused.`)
    await appendAudit(client, [{ at: context.now(), actor, action: 'system.resumed', subject: `system:${systemId}`, detail: { plans: waiting } }])
    await recordAiling(client, policy, context.now())
    return waiting
  })
  for (const planId of plans) await context.enqueue('apply-plan', planId)
}
