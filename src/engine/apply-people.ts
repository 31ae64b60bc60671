/**
 * Carries out the approved changes of a plan's people, in batches that each happen whole or not at all. Killed between two,
 * it goes on with the next; what changed since the plan was made is refused.
 */
import { transaction } from '../store/database.ts'
import { applyPeopleBatch, nextPeopleWave } from '../store/people-apply.ts'
import { pruneSnapshots } from '../store/snapshot.ts'
import type { Context } from './context.ts'

export interface PeopleApplied {
  done: number
  refused: number
}

const batchSize = 20_000
const atOnce = 2
/** Batches up to this size leave an audit row per person, not only one for all. */
const singlyMax = 2_000
const snapshotsKept = 3

export async function applyPeople(context: Context, planId: string, signal: AbortSignal, options: { batchSize?: number } = {}): Promise<PeopleApplied> {
  const { rows: [plan] } = await context.pool.query<{ actor: string; jobs: string[] }>(
    `select coalesce(approved_by, made_by) as actor, array(select jsonb_object_keys(coalesce(basis -> 'snapshots', '{}'))) as jobs from plan where id = $1`, [planId])
  const total: PeopleApplied = { done: 0, refused: 0 }
  for (;;) {
    const wave = await nextPeopleWave(context.pool, planId)
    if (wave === null || signal.aborted) break
    let over = false
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (!over && !signal.aborted) {
        const batch = await transaction(context.pool, (client) => applyPeopleBatch(client, {
          planId, wave, limit: options.batchSize ?? batchSize, now: context.now(), actor: plan?.actor ?? 'usher', singly: singlyMax }))
        if (batch.claimed === 0) over = true
        total.done += batch.done
        total.refused += batch.refused
      }
    }))
  }
  for (const job of plan?.jobs ?? []) await pruneSnapshots(context.pool, job, snapshotsKept)
  return total
}
