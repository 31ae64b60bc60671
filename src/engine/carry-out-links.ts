/** Linking and everything else that only Usher's own rows change by. */
import { transaction } from '../store/database.ts'
import { foundReasons, linkAccounts } from '../store/observed.ts'
import { endChanges, type ChangeEnd, type ChangeRow } from '../store/plan.ts'
import { auditChanges } from './audit-changes.ts'
import type { Hands } from './carry-out-hands.ts'

export async function carryOutLinks(hands: Hands, changes: ChangeRow[]): Promise<void> {
  const { context, system, plan, revision } = hands
  const now = context.now()
  await transaction(context.pool, async (client) => {
    const { rows } = await client.query<{ id: string; objectType: string; nativeId: string; name: string; free: boolean }>(
      `select id, object_type as "objectType", native_id as "nativeId", name, person_id is null and gone_at is null and not protected as free
         from account where id = any($1::bigint[]) for update`, [changes.map((c) => c.accountId)])
    const accounts = new Map(rows.map((row) => [row.id, row]))
    const ends: ChangeEnd[] = []
    const links: { objectType: string; nativeId: string; personId: string; jobId: string }[] = []
    for (const change of changes) {
      const account = accounts.get(change.accountId!)
      if (account?.free !== true || account.name !== change.after?.['name']) {
        ends.push({ id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The record is gone, renamed, or belongs to somebody by now.' })
        continue
      }
      links.push({ objectType: account.objectType, nativeId: account.nativeId, personId: change.personId!, jobId: change.jobId! })
      ends.push({ id: change.id, state: 'done', accountId: account.id })
    }
    await linkAccounts(client, system.id, links, plan.approvedBy ?? plan.madeBy, now)
    await foundReasons(client, system.id, links, { planId: plan.id, revision: revision.revision, actor: 'usher', now })
    await endChanges(client, plan.id, ends, now)
    await auditChanges(client, hands, changes.map((change, i) => ({ change, end: ends[i]! })), now)
  })
}
