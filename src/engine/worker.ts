/** The worker: takes queued work from PostgreSQL, watches the clock, seals the audit log. */
import { Cron } from 'croner'
import { Logger, run, type Runner } from 'graphile-worker'
import { accountJobs } from '../domain/policy.ts'
import { currentRevision } from '../store/policy.ts'
import { dueTransitions, expiredGrants, lastStarted, unfinishedPlans } from '../store/schedule.ts'
import { applyPlan } from './apply-plan.ts'
import { computePlan } from './compute-plan.ts'
import type { Context } from './context.ts'
import { approveAutomatic, startPlan } from './start-plan.ts'

export interface Worker {
  stop(): Promise<void>
}

/** Runs until stopped. A task names a plan, never a change; doing it twice does no harm. */
export async function startWorker(context: Context, seal: () => Promise<void>, options: { concurrency?: number } = {}): Promise<Worker> {
  const stopping = new AbortController()
  const quiet = new Logger(() => (level, message) => { if (level === 'error') context.log.error({}, message) })
  const runner: Runner = await run({
    pgPool: context.pool, concurrency: options.concurrency ?? 4, noHandleSignals: true, pollInterval: 1000, logger: quiet,
    taskList: {
      'compute-plan': async (payload) => {
        const { planId } = payload as { planId: string }
        await computePlan(context, planId, stopping.signal)
        await approveAutomatic(context, planId)
      },
      'apply-plan': async (payload) => applyPlan(context, (payload as { planId: string }).planId, stopping.signal),
    },
  })
  await takeUp(context, false)
  const minute = new Cron('*/5 * * * * *', { protect: true, catch: (error) => context.log.error({ err: error }, 'the clock stumbled') }, () => tick(context))
  const watching = new Cron('30 * * * * *', { protect: true, catch: (error) => context.log.error({ err: error }, 'looking for plans left behind failed') }, () => takeUp(context, true))
  const sealing = new Cron('*/2 * * * * *', { protect: true, catch: (error) => context.log.error({ err: error }, 'sealing the audit log failed') }, seal)
  return {
    async stop() {
      minute.stop()
      watching.stop()
      sealing.stop()
      stopping.abort()
      await runner.stop().catch(() => {})
      await seal()
    },
  }
}

/** Plans that a killed process left behind go on. `abandoned`: only those that nobody is at. */
async function takeUp(context: Context, abandoned: boolean): Promise<void> {
  for (const plan of await unfinishedPlans(context.pool, context.now(), abandoned)) {
    await context.enqueue(plan.state === 'approved' || plan.state === 'applying' ? 'apply-plan' : 'compute-plan', plan.id)
  }
}

/** Starts what is due: scheduled jobs, and people whose state changes by the calendar. */
async function tick(context: Context): Promise<void> {
  const now = context.now()
  const { policy } = await currentRevision(context.pool)
  for (const job of policy.jobs) {
    if (job.schedule === undefined) continue
    const cron = new Cron(job.schedule.cron, { timezone: job.schedule.timeZone ?? policy.settings.timeZone, paused: true })
    const before = cron.previousRuns(1, new Date(now))[0]
    if (before === undefined || Date.parse(now) - before.getTime() > 60_000) continue
    if (await lastStarted(context.pool, 'schedule', [job.id], before.toISOString())) continue
    await startPlan(context, { cause: 'schedule', actor: 'usher', scope: { jobs: [job.id] } })
  }
  const expired = await expiredGrants(context.pool, now)
  if (expired.length > 0) await startPlan(context, { cause: 'expiry', actor: 'usher', scope: { people: expired } })
  const daysBefore = Math.max(0, ...accountJobs(policy).map((job) => job.lifecycle.createDaysBefore))
  if (await dueTransitions(context.pool, now, daysBefore)) await startPlan(context, { cause: 'calendar', actor: 'usher', scope: null })
}
