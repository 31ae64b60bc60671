/** The worker: takes queued work from PostgreSQL, watches the clock, seals the audit log. */
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import { Logger, run, type Runner, type TaskList, type WorkerEvents } from 'graphile-worker'
import { transaction } from '../store/database.ts'
import { unfinishedPlans } from '../store/schedule.ts'
import { applyPlan } from './apply-plan.ts'
import { nextReading, tick } from './clock.ts'
import { computePlan } from './compute-plan.ts'
import type { Context } from './context.ts'
import { lookAtDisk } from './disk.ts'
import { approveAutomatic } from './start-plan.ts'

export { tick }

const restartMs = 1000
const clockMsMax = 5000

export interface Worker {
  stop(): Promise<void>
}

/** Runs until stopped, through restarts of the database. `databaseFolder`: where the database is on this machine's disk. A task names a plan, never a change; doing it twice does no harm. */
export async function startWorker(context: Context, seal: () => Promise<void>, { concurrency = 4, databaseFolder }: { concurrency?: number; databaseFolder?: string } = {}): Promise<Worker> {
  const stopping = new AbortController()
  const quiet = new Logger(() => (level, message) => { if (level === 'error') context.log.error({}, message) })
  const tasks: TaskList = Object.fromEntries(taskNames.map((name) =>
    [name, (payload) => runTask(context, name, (payload as { planId: string }).planId, stopping.signal)]))
  const start = async (): Promise<Queue> => {
    const events: WorkerEvents = new EventEmitter()
    const gaveUp = new Promise<void>((resolve) => events.once('pool:gracefulShutdown', () => { if (!stopping.signal.aborted) resolve() }))
    const runner = await run({
      pgPool: context.pool, concurrency, noHandleSignals: true, pollInterval: 1000, logger: quiet, taskList: tasks, events,
      // With -1 the library leaves the promise of writing down how a task went to itself: a lost connection would end the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    })
    // It may never settle when the database went away while several tasks failed; the event comes in any case.
    return { runner, over: Promise.race([gaveUp, runner.promise.catch((error: unknown) => context.log.warn({ err: error }, 'taking up work was interrupted'))]) }
  }
  let queue = await start()
  const running = keepRunning(context, stopping.signal, queue, async () => (queue = await start()))
  await takeUp(context, 'all')
  const every = (pattern: string, what: string, work: () => Promise<unknown>): Cron =>
    new Cron(pattern, { protect: true, catch: (error) => context.log.error({ err: error }, what) }, async () => { await work() })
  const clocks = [
    every('*/3 * * * * *', 'looking for plans left behind failed', () => takeUp(context, 'abandoned')),
    every('30 * * * * *', 'looking for plans to approve failed', () => takeUp(context, 'unasked')),
    every('*/2 * * * * *', 'sealing the audit log failed', seal),
    ...(databaseFolder === undefined ? [] : [every('15 * * * * *', 'looking at the disk failed', () => lookAtDisk(context, databaseFolder))]),
  ]
  const watching = watchClock(context, stopping.signal)
  return {
    async stop() {
      for (const clock of clocks) clock.stop()
      stopping.abort()
      // One that gave up before may never stop.
      await Promise.race([queue.runner.stop().catch(() => {}), running])
      await Promise.all([running, watching])
      await seal()
    },
  }
}

type TaskName = Parameters<Context['enqueue']>[0]
const taskNames: TaskName[] = ['compute-plan', 'apply-plan']

/** Does one piece of queued work. Once too often does no harm. */
export async function runTask(context: Context, name: TaskName, planId: string, signal: AbortSignal): Promise<void> {
  if (name === 'apply-plan') return await applyPlan(context, planId, signal)
  await computePlan(context, planId, signal)
  await approveAutomatic(context, planId)
}

interface Queue {
  runner: Runner
  /** Settles when it takes up no more work, for whatever cause. */
  over: Promise<void>
}

/** A runner gives up when the database goes away under it; once that is back, another one takes its place. */
async function keepRunning(context: Context, signal: AbortSignal, first: Queue, start: () => Promise<Queue>): Promise<void> {
  for (let queue = first; ;) {
    await queue.over
    for (;;) {
      if (signal.aborted) return
      await sleep(restartMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        queue = await start()
        break
      } catch (error) {
        context.log.warn({ err: error }, 'the database is not there')
      }
    }
  }
}

/** Looks at the clock at every instant at which something is known to be due, and every few seconds in any case. */
async function watchClock(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let wait = clockMsMax
    try {
      await alone(context, 'usher clock', () => tick(context))
      const next = await nextReading(context)
      if (next !== null) wait = Math.min(wait, Math.max(1, Date.parse(next) - Date.parse(context.now())))
    } catch (error) {
      context.log.error({ err: error }, 'the clock stumbled')
    }
    await sleep(wait, undefined, { signal }).catch(() => {})
  }
}

/** Of several processes, one at a time does this; the others leave it. */
async function alone(context: Context, name: string, work: () => Promise<void>): Promise<void> {
  await transaction(context.pool, async (client) => {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_xact_lock(hashtext($1)) as locked', [name])
    if (rows[0]!.locked) await work()
  })
}

/**
 * Plans that a killed process left behind go on.
 * all        At the start.
 * abandoned  Those under way that no process has locked: looked for every few seconds.
 * unasked    Also those that were computed and not yet asked whether they go ahead by themselves.
 */
export async function takeUp(context: Context, which: 'all' | 'abandoned' | 'unasked'): Promise<void> {
  for (const plan of await unfinishedPlans(context.pool, context.now(), which !== 'all')) {
    const underWay = plan.state === 'approved' || plan.state === 'applying' || plan.state === 'stopped'
    if (which === 'abandoned' && (plan.state === 'open' || plan.state === 'held')) continue
    await context.enqueue(underWay ? 'apply-plan' : 'compute-plan', plan.id)
  }
}
