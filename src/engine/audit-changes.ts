/** One audit row per change that ended, with keyed commitments in place of personal values. */
import { commitment, commitmentKeys, pourAudit } from '../store/audit.ts'
import type { Client } from '../store/database.ts'
import type { ChangeEnd, ChangeRow } from '../store/batch.ts'
import type { PlanRow } from '../store/plan.ts'

export async function auditChanges(
  client: Client, { plan, system }: { plan: PlanRow; system: { id: string } }, ended: { change: ChangeRow; end: ChangeEnd }[], now: string,
): Promise<void> {
  const final = ended.filter(({ end }) => end.state !== 'again' && end.state !== 'waiting')
  if (final.length === 0) return
  const keys = await commitmentKeys(client, [...new Set(final.flatMap(({ change }) => change.personId ?? []))])
  await pourAudit(client, final.map(({ change, end }) => {
    const key = keys.get(change.personId ?? '')
    return {
      at: now, actor: plan.approvedBy ?? plan.madeBy, action: `change.${change.kind}.${end.state}`, subject: `person:${change.personId}`,
      detail: {
        plan: plan.id, change: change.id, system: system.id, job: change.jobId, account: end.accountId ?? change.accountId, entitlement: change.entitlementId,
        ...(end.code === undefined || end.code === null ? {} : { code: end.code }),
        hash: change.hash,
        ...(key === undefined || !hasValues(change) ? {} : { values: commitment(key, { before: change.before, after: change.after }) }),
      },
    }
  }))
}

/** An entitlement that is given or taken has none to commit to. */
const hasValues = ({ before, after }: ChangeRow): boolean => before !== null || after !== null
