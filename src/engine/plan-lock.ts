/** One worker at a time is at a plan, however many processes there are. */
import type { Client } from '../store/database.ts'
import type { Context } from './context.ts'

const busyMs = 1000

/**
 * Runs `work` while this process holds the plan's lock; if another one has it, the plan is looked at again in a moment.
 * The lock lives as long as its connection: once that is lost, another worker may have taken over, so the signal that
 * `work` gets is aborted and it must not write any more. `work` may use the connection, too.
 */
export async function withPlanLock(
  context: Context, task: 'compute-plan' | 'apply-plan', planId: string, signal: AbortSignal, work: (signal: AbortSignal, connection: Client) => Promise<void>,
): Promise<void> {
  const connection = await context.pool.connect()
  const lost = new AbortController()
  const onEnd = (): void => lost.abort()
  connection.once('error', onEnd).once('end', onEnd)
  try {
    const { rows } = await connection.query<{ locked: boolean }>(`select pg_try_advisory_lock(hashtext($1), hashtext($2)) as locked`, [`usher ${task}`, planId])
    if (rows[0]!.locked) await work(AbortSignal.any([signal, lost.signal]), connection)
    // Another worker is at it, or was killed a moment ago and the database has not noticed yet.
    else await context.enqueue(task, planId, new Date(Date.parse(context.now()) + busyMs).toISOString())
  } finally {
    connection.off('error', onEnd).off('end', onEnd)
    // Closing the connection gives the lock back, too, where an unlock could not be sent.
    const unlocked = !lost.signal.aborted
      && await connection.query('select pg_advisory_unlock_all()').then(() => true, () => false)
    connection.release(!unlocked)
  }
}
