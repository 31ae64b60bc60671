/** Linking and everything else that only Usher's own rows change by. */
import { transaction } from '../store/database.ts'
import { reopenClocks } from '../store/leaver.ts'
import { keepNames } from '../store/name.ts'
import { foundReasons, linkAccounts } from '../store/observed.ts'
import { endChanges, type ChangeEnd, type ChangeRow } from '../store/batch.ts'
import { auditChanges } from './audit-changes.ts'
import { giveBack } from './carry-out-end.ts'
import type { Hands } from './carry-out-hands.ts'
import { look, wantedToLink } from './carry-out-look.ts'

/** What a record holds becomes a reason, so it is looked at first. Returns whether the system answered. */
export async function carryOutLinks(hands: Hands, changes: ChangeRow[]): Promise<{ reachable: boolean }> {
  try {
    await look(hands, await wantedToLink(hands, changes), changes[0]!.batchId)
  } catch (error) {
    return await giveBack(hands, changes, error)
  }
  await link(hands, changes)
  return { reachable: true }
}

async function link(hands: Hands, changes: ChangeRow[]): Promise<void> {
  const { context, system, plan, revision } = hands
  const now = context.now()
  await transaction(context.pool, async (client) => {
    const { rows } = await client.query<{ id: string; objectType: string; nativeId: string; name: string; free: boolean; fits: boolean; person: string | null }>(
      `select a.id, object_type as "objectType", native_id as "nativeId", name, a.person_id is null and gone_at is null and not protected as free,
              not exists (select from plan_change p cross join jsonb_array_elements(p.reasons) r join desired_account d on d.person_id = c.person_id and d.job_id = c.job_id
                           where p.plan_id = $4 and p.id = c.id and r ->> 'because' = 'matched' and r ->> 'attribute' <> 'name'
                             and lower(d.attributes ->> (r ->> 'attribute')) <> lower(coalesce(a.attributes ->> (r ->> 'attribute'), ''))) as fits,
              (select p.id from person p where p.id = c.person_id
                  and not exists (select from account o where o.person_id = p.id and o.job_id = c.job_id and o.gone_at is null)) as person
         from unnest($1::bigint[], $2::uuid[], $3::text[], $5::bigint[]) as c (account_id, person_id, job_id, id) join account a on a.id = c.account_id for update of a`,
      [changes.map((c) => c.accountId), changes.map((c) => c.personId), changes.map((c) => c.jobId), plan.id, changes.map((c) => c.id)])
    const accounts = new Map(rows.map((row) => [row.id, row]))
    const ends: ChangeEnd[] = []
    const links: { objectType: string; nativeId: string; personId: string; jobId: string }[] = []
    for (const change of changes) {
      const account = accounts.get(change.accountId!)
      if (account?.free !== true || account.name !== change.after?.['name']) {
        ends.push({ id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The record is gone, renamed, or belongs to somebody by now.' })
        continue
      }
      if (!account.fits) {
        ends.push({ id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The record no longer has what it was known by.' })
        continue
      }
      if (account.person !== change.personId) {
        ends.push({ id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The person did not come as planned, or has another account by now.' })
        continue
      }
      links.push({ objectType: account.objectType, nativeId: account.nativeId, personId: change.personId!, jobId: change.jobId! })
      ends.push({ id: change.id, state: 'done', accountId: account.id })
    }
    if (!await endChanges(client, plan.id, changes[0]!.batchId, ends, now)) return
    await linkAccounts(client, system.id, links, plan.approvedBy ?? plan.madeBy, now)
    await keepNames(client, links)
    await foundReasons(client, system.id, links, { planId: plan.id, batchId: changes[0]!.batchId, revision: revision.revision, actor: 'usher', now })
    await reopenClocks(client, links.map((l) => l.personId), now)
    await auditChanges(client, hands, changes.map((change, i) => ({ change, end: ends[i]! })), now)
  })
}
