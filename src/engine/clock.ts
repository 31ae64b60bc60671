/** What the clock sets going: scheduled jobs, reasons that begin or end, people who start, go on leave, return or leave. */
import { Cron } from 'croner'
import { accountJobs, type Policy } from '../domain/policy.ts'
import { currentRevision } from '../store/policy.ts'
import { lastStarted, markNoticed, nextDue, setClock, whatIsDue, type Due } from '../store/schedule.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

/** As many people go into one plan. */
const peopleMax = 1000

/** Starts what is due by now. One process at a time does this. */
export async function tick(context: Context): Promise<void> {
  const now = context.now()
  const { policy } = await currentRevision(context.pool)
  await startScheduled(context, policy, now)
  const due = await whatIsDue(context.pool, now, daysBefore(policy))
  await planDue(context, 'expiry', due.filter((d) => d.by === 'reason'))
  await planDue(context, 'exception ended', due.filter((d) => d.by === 'exception'))
  await planDue(context, 'calendar', due.filter((d) => d.by === 'calendar'))
  await setClock(context.pool, now)
}

/** When something is due next, as far as known now. */
export async function nextReading(context: Context): Promise<string | null> {
  const { policy } = await currentRevision(context.pool)
  return await nextDue(context.pool, context.now(), daysBefore(policy))
}

/** What is due for the same person at several instants is one look at them. */
async function planDue(context: Context, cause: string, due: Due[]): Promise<void> {
  const people = [...Map.groupBy(due, (d) => d.personId)]
  for (let at = 0; at < people.length; at += peopleMax) {
    const some = people.slice(at, at + peopleMax)
    const { planId } = await startPlan(context, { cause, actor: 'usher', scope: { people: some.map(([id]) => id) } })
    await markNoticed(context.pool, some.flatMap(([, own]) => own), planId)
  }
}

async function startScheduled(context: Context, policy: Policy, now: string): Promise<void> {
  for (const job of policy.jobs) {
    if (job.schedule === undefined) continue
    const cron = new Cron(job.schedule.cron, { timezone: job.schedule.timeZone ?? policy.settings.timeZone, paused: true })
    const before = cron.previousRuns(1, new Date(now))[0]
    if (before === undefined || Date.parse(now) - before.getTime() > 60_000) continue
    if (await lastStarted(context.pool, 'schedule', [job.id], before.toISOString())) continue
    await startPlan(context, { cause: 'schedule', actor: 'usher', scope: { jobs: [job.id] } })
  }
}

const daysBefore = (policy: Policy): number[] => [...new Set(accountJobs(policy).map((job) => job.lifecycle.createDaysBefore))]
