/** Jobs: what they last did, when they run next, and what they would make of one person or row. */
import { z } from 'zod'
import { method } from '../../domain/policy.ts'
import { bySlug, instant, named, page, paging, route, slug, uuid } from './route.ts'

const lastPlan = z.object({ id: uuid, number: z.number(), state: z.string(), madeAt: instant })

export const snapshot = z.object({
  id: uuid, readAt: instant, state: z.enum(['reading', 'complete', 'incomplete']), rows: z.number(), setAside: z.number(),
  shape: z.unknown(), code: z.string().nullable(), because: z.string().nullable(),
}).meta({ id: 'Snapshot' })

export const jobRow = z.object({
  id: slug, name: z.string(), source: named, destination: named, objectType: z.string(), method,
  /** The stricter of the job's and the destination's. */
  effectiveMethod: method,
  schedule: z.object({ cron: z.string(), timeZone: z.string().optional() }).nullable(),
  nextRunAt: instant.nullable(), lastPlan: lastPlan.nullable(), setAside: z.number(),
}).meta({ id: 'JobRow' })

export const jobDetail = jobRow.extend({
  /** The job as in the policy. */
  job: z.record(z.string(), z.unknown()), policyRevision: z.number(), lastSnapshot: snapshot.nullable(),
}).meta({ id: 'Job' })

export const jobPreview = z.object({
  job: z.record(z.string(), z.unknown()),
  steps: z.array(z.object({
    step: z.enum(['read', 'key', 'scope', 'field', 'position-field', 'state', 'match', 'account', 'change']),
    title: z.string(), attribute: z.string().optional(), expression: z.string().optional(),
    inputs: z.record(z.string(), z.unknown()).optional(), result: z.unknown(), says: z.string(), ok: z.boolean(),
  })),
}).meta({ id: 'JobPreview' })

export const setAside = z.object({
  row: z.number(), address: z.string(), column: z.string().nullable(), key: z.string().nullable(), value: z.string().nullable(),
  code: z.string(), expected: z.string(), advice: z.string(),
}).meta({ id: 'SetAside' })

export const record = z.object({
  key: z.string(), positionKey: z.string(), row: z.number(), source: z.string(), cells: z.unknown(),
  person: named.nullable(), missingSince: instant.nullable(),
}).meta({ id: 'Record' })

export const jobs = {
  listJobs: route({ method: 'GET', url: '/api/jobs', permission: 'jobs:read', summary: 'Jobs', response: z.object({ items: z.array(jobRow) }) }),
  showJob: route({ method: 'GET', url: '/api/jobs/:id', permission: 'jobs:read', summary: 'One job', params: bySlug, response: jobDetail }),
  previewJob: route({
    method: 'POST', url: '/api/jobs/preview', permission: 'jobs:preview', summary: 'One person or one source row through a job, step by step; writes nothing',
    body: z.object({
      job: z.union([z.string(), z.record(z.string(), z.unknown())]).meta({ description: 'Id of a job, or a draft' }),
      personId: uuid.optional(), row: z.number().int().min(1).optional(),
    }),
    response: jobPreview,
  }),
  runJob: route({
    method: 'POST', url: '/api/jobs/:id/run', permission: 'jobs:run', summary: 'Plan a job now; an automatic one is applied at once',
    params: bySlug, response: z.object({ planId: uuid }),
  }),
  listSetAside: route({
    method: 'GET', url: '/api/jobs/:id/set-aside', permission: 'records:read', summary: 'Rows of the last read that could not be used',
    params: bySlug, query: z.object(paging), response: page(setAside),
  }),
  searchRecords: route({
    method: 'POST', url: '/api/jobs/:id/records/search', permission: 'records:read', summary: 'Source rows that people are made of',
    params: bySlug, body: z.object({ ...paging, search: z.string().max(200).optional() }), response: page(record),
  }),
}

