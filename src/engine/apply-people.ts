/**
 * Carries out the approved changes of a plan's people, in batches that each happen whole or not at all. Killed between two,
 * it goes on with the next; what changed since the plan was made is refused.
 */
import { transaction } from '../store/database.ts'
import { arrive, arriveRecords, countArriving, countPeopleAgain, dropIndexes, makeIndex, makeKeys, missingIndexes } from '../store/people-arrive.ts'
import { applyPeopleBatch, nextPeopleWave } from '../store/people-apply.ts'
import { isStopped } from '../store/plan.ts'
import { pruneSnapshots } from '../store/snapshot.ts'
import type { Context } from './context.ts'

export interface PeopleApplied {
  done: number
  refused: number
}

const batchSize = 20_000
const atOnce = 2
/** From how many people on it is worth to make the indexes at the end. */
const indexesLaterMin = 20_000
/** Batches up to this size leave an audit row per person, not only one for all. */
const singlyMax = 2_000
const snapshotsKept = 3

export async function applyPeople(context: Context, planId: string, signal: AbortSignal, options: { batchSize?: number } = {}): Promise<PeopleApplied> {
  const { rows: [plan] } = await context.pool.query<{ actor: string; jobs: string[] }>(
    `select coalesce(approved_by, made_by) as actor, array(select jsonb_object_keys(coalesce(basis -> 'snapshots', '{}'))) as jobs from plan where id = $1`, [planId])
  const total = await arriveAll(context, planId, plan?.actor ?? 'usher', signal)
  for (;;) {
    const wave = await nextPeopleWave(context.pool, planId)
    if (wave === null || signal.aborted || await isStopped(context.pool, planId)) break
    let over = false
    await sideBySide(async () => {
      while (!over && !signal.aborted && !await isStopped(context.pool, planId)) {
        const batch = await transaction(context.pool, (client) => applyPeopleBatch(client, {
          planId, wave, limit: options.batchSize ?? batchSize, now: context.now(), actor: plan?.actor ?? 'usher', singly: singlyMax }))
        if (batch.claimed === 0) over = true
        total.done += batch.done
        total.refused += batch.refused
      }
    })
  }
  for (const job of plan?.jobs ?? []) await pruneSnapshots(context.pool, job, snapshotsKept)
  return total
}

/** People in great numbers; nobody is there before them, or they came with others. */
async function arriveAll(context: Context, planId: string, actor: string, signal: AbortSignal): Promise<PeopleApplied> {
  const total: PeopleApplied = { done: 0, refused: 0 }
  const arriving = await countArriving(context.pool, planId)
  if (arriving >= indexesLaterMin) await dropIndexes(context.pool)
  // Two who add to one table wait for each other at its end: one adds people, the other the records of those who are there, and people only when it has no records to add.
  const addPeople = async (): Promise<boolean> => {
    if (signal.aborted || await isStopped(context.pool, planId)) return false
    const stretch = await transaction(context.pool, (client) => arrive(client, { planId, now: context.now(), actor }))
    total.done += stretch.done
    total.refused += stretch.refused
    return stretch.claimed > 0
  }
  const addRecords = (): Promise<boolean> => transaction(context.pool, (client) => arriveRecords(client, planId, context.now()))
  if (arriving > 0) await together([
    async () => { while (await addPeople()); },
    async () => { while (await addRecords() || await addPeople()); },
  ])
  // Those of an apply that was killed, too.
  while (arriving > 0 && await addRecords());
  const found = await missingIndexes(context.pool)
  const missing = [...found]
  await sideBySide(async () => {
    for (let name = missing.shift(); name !== undefined; name = missing.shift()) {
      const index = name
      await transaction(context.pool, (client) => makeIndex(client, index))
    }
  })
  if (found.length > 0) await transaction(context.pool, makeKeys)
  if (arriving > 0) await countPeopleAgain(context.pool)
  return total
}

const sideBySide = (work: () => Promise<void>): Promise<void> => together(Array.from({ length: atOnce }, () => work))

/** When one of them fails, the others come to their end first. */
async function together(work: (() => Promise<void>)[]): Promise<void> {
  const ends = await Promise.allSettled(work.map((one) => one()))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
