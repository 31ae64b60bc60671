/** What the clock sets going: scheduled jobs, reasons that begin or end, people who start, go on leave, return or leave, accounts whose grace is over. */
import { Cron } from 'croner'
import { accountJobs, type Policy } from '../domain/policy.ts'
import { currentRevision } from '../store/policy.ts'
import { countComputing, lastStarted, markNoticed, nextDue, setClock, whatIsDue, type Due, type TimesOfPolicy } from '../store/schedule.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

/** As many people go into one plan. */
const peopleMax = 1000
/** What is due while so many of the clock's plans wait to be computed goes together into the next one: otherwise thousands would queue. */
const plansMax = 4
const causes = { reason: 'expiry', exception: 'exception ended', calendar: 'calendar', grace: 'grace over' } as const
const soonMs = 250

/** Starts what is due by now. One process at a time does this. */
export async function tick(context: Context): Promise<void> {
  const now = context.now()
  const { policy } = await currentRevision(context.pool)
  await startScheduled(context, policy, now)
  const due = await whatIsDue(context.pool, now, timesOf(policy))
  let left = 0
  for (const by of ['reason', 'exception', 'calendar', 'grace'] as const) left += await planDue(context, causes[by], due.filter((d) => d.by === by))
  // What is left is due still when this is read the next time, however late that is.
  if (left === 0) await setClock(context.pool, now)
}

/** When something is due next, as far as known now; soon, where plans queue and more may be due. */
export async function nextReading(context: Context): Promise<string | null> {
  const { policy } = await currentRevision(context.pool)
  if (await countComputing(context.pool, Object.values(causes)) >= plansMax) return new Date(Date.parse(context.now()) + soonMs).toISOString()
  return await nextDue(context.pool, context.now(), timesOf(policy))
}

/** What is due for the same person at several instants is one look at them. Returns how many people are left for another time. */
async function planDue(context: Context, cause: string, due: Due[]): Promise<number> {
  const people = [...Map.groupBy(due, (d) => d.personId)]
  const room = people.length === 0 ? 0 : plansMax - await countComputing(context.pool, Object.values(causes))
  const taken = Math.max(0, Math.min(people.length, room * peopleMax))
  for (let at = 0; at < taken; at += peopleMax) {
    const some = people.slice(at, at + peopleMax)
    const { planId } = await startPlan(context, { cause, actor: 'usher', scope: { people: some.map(([id]) => id) } })
    await markNoticed(context.pool, some.flatMap(([, own]) => own), planId)
  }
  return people.length - taken
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

function timesOf(policy: Policy): TimesOfPolicy {
  const jobs = accountJobs(policy)
  return {
    daysBefore: [...new Set(jobs.map((job) => job.lifecycle.createDaysBefore))],
    deletions: jobs.flatMap(({ id, lifecycle: { deleteAfterDays } }) => (deleteAfterDays === null ? [] : [{ jobId: id, days: deleteAfterDays }])),
  }
}
