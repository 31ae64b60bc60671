/** Jobs. */
import { Cron } from 'croner'
import type { FastifyInstance } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { isPeopleJob, job as jobSchema, stricter } from '../domain/policy.ts'
import type { Job, Policy } from '../domain/policy.ts'
import { lastPlans, listSetAside, searchRecords } from '../store/job-views.ts'
import { lastSnapshots } from '../store/system-views.ts'
import { jobs } from './contract/index.ts'
import type { Door } from './door.ts'
import { adviceFor, lexicon, namedPerson } from './names.ts'
import type { Lexicon } from './names.ts'
import { serve } from './serve.ts'

export function jobRoutes(app: FastifyInstance, door: Door): void {
  const { engine, context: { pool, now } } = door

  serve(app, jobs.listJobs, async () => {
    const names = await lexicon(door)
    return { items: await rowsOf(names.policy.jobs, names) }
  })
  serve(app, jobs.showJob, async ({ params }) => {
    const names = await lexicon(door)
    const job = jobOf(names.policy, params.id)
    const [[row], snapshots] = await Promise.all([rowsOf([job], names), lastSnapshots(pool)])
    const snapshot = snapshots.get(job.id)
    return { ...row!, job: { ...job }, policyRevision: names.revision, lastSnapshot: snapshot === undefined ? null : { ...snapshot } }
  })
  serve(app, jobs.previewJob, async ({ body }) => {
    const { policy } = await lexicon(door)
    const job = typeof body.job === 'string' ? jobOf(policy, body.job) : draft(body.job)
    if (isPeopleJob(job)) return shown(await engine.previewJob({ job, ...(body.row === undefined ? {} : { row: body.row }) }))
    if (body.personId === undefined) throw new UsherError('INVALID_INPUT', 'In the body: personId: choose the person to preview the job with.')
    return shown(await engine.previewJob({ job, personId: body.personId }))
  })
  serve(app, jobs.runJob, async ({ params, who }) => {
    const { policy } = await lexicon(door)
    jobOf(policy, params.id)
    return await engine.startPlan({ cause: `job ${params.id}`, actor: who.actor, scope: { jobs: [params.id] } })
  })
  serve(app, jobs.listSetAside, async ({ params, query }) => {
    const page = await listSetAside(pool, params.id, query)
    return { items: page.items.map((row) => ({ ...row, advice: adviceFor(row.code) })), next: page.next }
  })
  serve(app, jobs.searchRecords, async ({ params, body }) => {
    const page = await searchRecords(pool, params.id, body)
    return { items: page.items.map(({ personId, personName, ...row }) => ({ ...row, person: namedPerson(personId, personName) })), next: page.next }
  })

  async function rowsOf(wanted: Job[], names: Lexicon) {
    const [plans, snapshots] = await Promise.all([lastPlans(pool, wanted.map((j) => j.id)), lastSnapshots(pool)])
    return wanted.map((job) => {
      const plan = plans.get(job.id)
      const destination = names.policy.systems.find((s) => s.id === job.destination)
      return {
        id: job.id, name: job.name, source: names.namedSystem(job.source), destination: names.namedSystem(job.destination),
        objectType: isPeopleJob(job) ? 'person' : job.objectType, method: job.method,
        effectiveMethod: destination === undefined ? job.method : stricter(job.method, destination.method),
        schedule: job.schedule ?? null, nextRunAt: nextRun(job, names.policy, now()),
        lastPlan: plan === undefined ? null : { id: plan.id, number: plan.number, state: plan.state, madeAt: plan.madeAt },
        setAside: snapshots.get(job.id)?.setAside ?? 0,
      }
    })
  }
}

function jobOf(policy: Policy, id: string): Job {
  const job = policy.jobs.find((j) => j.id === id)
  if (job === undefined) throw new UsherError('NOT_FOUND', `There is no job "${id}".`)
  return job
}

function draft(given: unknown): Job {
  const parsed = jobSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }))
  throw new UsherError('POLICY_INVALID', fields.map((f) => `job.${f.field}: ${f.message}`).join('; '), { fields })
}

function nextRun(job: Job, policy: Policy, now: string): string | null {
  if (job.schedule === undefined) return null
  const cron = new Cron(job.schedule.cron, { paused: true, timezone: job.schedule.timeZone ?? policy.settings.timeZone })
  return cron.nextRun(new Date(now))?.toISOString() ?? null
}

function shown(preview: Awaited<ReturnType<Door['engine']['previewJob']>>) {
  return { job: { ...preview.job }, steps: preview.steps.map((step) => ({ ...step, result: step.result ?? null })) }
}
