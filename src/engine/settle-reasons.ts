/**
 * What people should have is settled before anything is written for them: people as they are now decide their reasons and
 * desired accounts anew, by the same function as in the preview. Where there is much to do, those with whom it begins come
 * first, so that systems do not wait for everybody.
 */
import { peopleOf } from '../domain/plan.ts'
import { transaction } from '../store/database.ts'
import { storeEvaluation } from '../store/evaluation.ts'
import { firstPeople, setPlan, type PlanRow } from '../store/plan.ts'
import { countAgain, manyRows } from '../store/statistics.ts'
import type { Context, Revision } from './context.ts'
import { evaluatePeople } from './evaluate-people.ts'

export interface Settling {
  /** Whose changes may be carried out by now; null: everybody's. */
  first: string[] | null
  /** Ends when everybody's may be. */
  over: Promise<void>
}

/** Nothing is left to be settled. */
export const settled: Settling = { first: null, over: Promise.resolve() }

/** Of each system: what it has to do until the others are settled, too. */
const firstMany = 750

export async function beginSettling(context: Context, plan: PlanRow, revision: Revision): Promise<Settling> {
  const only = peopleOf(plan.scope)
  const first = only === null ? await firstPeople(context.pool, plan.id, firstMany) : []
  if (first.length < firstMany) {
    await settle(context, plan, revision, only)
    return settled
  }
  await settle(context, plan, revision, first)
  const settling: Settling = { first, over: settle(context, plan, revision, null).then(() => { settling.first = null }) }
  // Whoever waits for it hears of a failure.
  settling.over.catch(() => {})
  return settling
}

/** `only`: these people; null: everybody, and then it need not be done again soon. */
async function settle(context: Context, plan: PlanRow, revision: Revision, only: string[] | null): Promise<void> {
  await transaction(context.pool, async (client) => {
    // Names are given out by one at a time.
    await client.query(`select pg_advisory_xact_lock(hashtext('usher computing'))`)
    const now = context.now()
    const { evaluated } = await evaluatePeople(context, client, revision, { planId: plan.id, asOf: now, only, layPlan: false })
    await storeEvaluation(client, { planId: plan.id, revision: revision.revision, now, actor: 'usher' })
    if (only === null || peopleOf(plan.scope) !== null) await setPlan(client, plan.id, { reasons_settled_at: now, reasons_settled_revision: revision.revision })
    if (evaluated >= manyRows) await countAgain(client, ['desired_account', 'desired_reference', 'reason', 'reserved_name', 'plan_change'])
  })
}
