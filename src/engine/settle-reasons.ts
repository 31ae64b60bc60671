/**
 * What people should have is settled before anything is written for them: people as they are now decide their reasons and
 * desired accounts anew, by the same function as in the preview. Where there is much to do, they are settled in turns, by
 * their ids, as changes are planned in that order: systems are written to for those who are settled meanwhile.
 */
import { peopleOf } from '../domain/plan.ts'
import { roleGrants } from '../domain/policy.ts'
import { transaction, type Client } from '../store/database.ts'
import { idsToEvaluate, storeEvaluation } from '../store/evaluation.ts'
import { openOverlay } from '../store/overlay.ts'
import type { ChangeRow } from '../store/batch.ts'
import { hasMany, setPlan, type PlanRow } from '../store/plan.ts'
import { followRoles } from '../store/role-entitlement.ts'
import { countAgain, growthOf, manyRows } from '../store/statistics.ts'
import type { Context, Revision } from './context.ts'
import { evaluatePeople } from './evaluate-people.ts'

export interface Settling {
  /** Changes of people up to this id may be carried out by now; null: everybody's. */
  upTo: string | null
  /** Ends when it is more of them. */
  more(): Promise<void>
  /** These are begun: where they are among the last who were settled, it is time for the next ones. */
  begun(changes: Pick<ChangeRow, 'personId'>[]): void
}

/** Nothing is left to be settled. */
export const settled: Settling = { upTo: null, more: () => Promise.resolve(), begun: () => {} }

/** With so many changes people are settled in turns. */
const manyChanges = 3000
/** So many begin, so that systems have something to do soon; twice as many follow in each turn, up to a limit. */
const [firstMany, mostMany] = [250, 4000]

export async function beginSettling(context: Context, plan: PlanRow, revision: Revision): Promise<Settling> {
  const only = peopleOf(plan.scope)
  if (only !== null || !await hasMany(context.pool, plan.id, manyChanges)) {
    await transaction(context.pool, async (client) => {
      const { evaluated } = await settle(context, client, plan, revision, only)
      await noteSettled(context, client, plan, revision, context.now())
      if (evaluated >= manyRows) await countAgain(client, settledTables)
    })
    return settled
  }
  const since = context.now()
  const people = await transaction(context.pool, async (client) => {
    await openOverlay(client)
    return await idsToEvaluate(client, { planId: null, applying: plan.id, revision: revision.revision, only: null, asOf: since })
  })
  return await settleInTurns(context, plan, revision, people, since)
}

/** Returns when the first turn is over. The next one begins when somebody of the last one has their turn: what systems wait for comes before what they do not need yet. */
async function settleInTurns(context: Context, plan: PlanRow, revision: Revision, people: string[], since: string): Promise<Settling> {
  const grown = growthOf(context.pool, settledTables)
  let [count, many, lastBegan] = [0, firstMany, '']
  let running: Promise<void> | null = null
  const turn = async (): Promise<void> => {
    const those = people.slice(count, count + many)
    const isLast = count + many >= people.length
    await transaction(context.pool, async (client) => {
      await settle(context, client, plan, revision, those)
      if (isLast) await noteSettled(context, client, plan, revision, since)
    })
    await grown(those.length)
    count += many
    many = Math.min(2 * many, mostMany)
    lastBegan = those[0] ?? ''
    settling.upTo = isLast ? null : those.at(-1)!
  }
  const settling: Settling = {
    upTo: '',
    more(): Promise<void> {
      if (settling.upTo === null) return Promise.resolve()
      running ??= turn().finally(() => { running = null })
      return running
    },
    begun(changes): void {
      // Whoever waits for it hears of a failure.
      if (changes.some((c) => c.personId !== null && c.personId >= lastBegan)) settling.more().catch(() => {})
    },
  }
  await settling.more()
  return settling
}

const settledTables = ['desired_account', 'desired_reference', 'reason', 'reserved_name', 'plan_change'] as const

async function noteSettled(context: Context, client: Client, plan: PlanRow, revision: Revision, at: string): Promise<void> {
  await setPlan(client, plan.id, { reasons_settled_at: at, reasons_settled_revision: revision.revision })
}

/** These people; null: whoever is due. */
async function settle(context: Context, client: Client, plan: PlanRow, revision: Revision, only: string[] | null): Promise<{ evaluated: number }> {
  // Names are given out by one at a time.
  await client.query(`select pg_advisory_xact_lock(hashtext('usher computing'))`)
  // The policy may have been edited since the plan was made.
  await followRoles(client, revision.revision, roleGrants(revision.policy))
  const now = context.now()
  const { evaluated } = await evaluatePeople(context, client, revision, { planId: plan.id, asOf: now, only, layPlan: false })
  await storeEvaluation(client, { planId: plan.id, revision: revision.revision, now, actor: 'usher' })
  return { evaluated }
}
