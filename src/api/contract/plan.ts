/** Plans and their changes. */
import { z } from 'zod'
import { changeKinds } from '../../domain/plan.ts'
import type { ChangeKind, ChangeState, PlanState } from '../../domain/plan.ts'
import { personState } from './person.ts'
import { byUuid, instant, named, nothing, number, page, paging, route, slug, uuid } from './route.ts'

const planStates = [
  'computing', 'empty', 'open', 'held', 'approved', 'applying', 'stopped', 'applied', 'superseded', 'failed', 'forecast',
] as const satisfies PlanState[]
const changeStates = [
  'planned', 'observed', 'held', 'waiting', 'running', 'done', 'refused', 'again', 'stuck', 'skipped',
] as const satisfies ChangeState[]

export const planState = z.enum(planStates).meta({ id: 'PlanState' })
export const changeState = z.enum(changeStates).meta({ id: 'ChangeState' })
export const changeKind = z.enum(changeKinds as [ChangeKind, ...ChangeKind[]]).meta({ id: 'ChangeKind' })

const count = z.object({ stage: z.number(), system: named, kind: changeKind, state: changeState, count: z.number() })

export const brake = z.object({
  system: named, kind: changeKind, planned: z.number(), of: z.number(),
  limit: z.object({ share: z.number().optional(), count: z.number().optional() }),
  setHash: z.string(),
  /** The finding that holds the set, where it is not a limit. */
  code: z.string().nullable(), job: named.nullable(),
  /** Only privileged entitlements are meant. */
  privileged: z.boolean(),
  /** How many changes of other plans in the last hours count with these. */
  window: z.object({ hours: z.number(), counted: z.number() }).nullable(),
  /** Two different users must release it; the first one did. */
  secondPerson: z.boolean(), pending: z.object({ by: named, at: instant }).nullable(),
  released: z.object({ by: named, at: instant, second: named.nullable(), until: instant }).nullable(), says: z.string(),
}).meta({ id: 'PlanBrake' })

export const planFinding = z.object({
  code: z.string(), system: z.string().optional(), job: z.string().optional(), person: z.string().optional(),
  severity: z.enum(['info', 'warning', 'error']), message: z.string(), advice: z.string(),
}).meta({ id: 'PlanFinding' })

export const planRow = z.object({
  id: uuid, number: z.number(), state: planState, cause: z.string(),
  scope: z.union([z.object({ jobs: z.array(z.string()) }), z.object({ people: z.array(z.string()) })]).nullable(),
  /** The plan that this one takes back. */
  undoes: z.object({ id: uuid, number: z.number() }).nullable(),
  policyRevision: z.number(), asOf: instant,
  madeBy: named, madeAt: instant, approvedBy: named.nullable(), approvedAt: instant.nullable(),
  startedAt: instant.nullable(), endedAt: instant.nullable(),
  /** In one sentence: what it would do, or did. */
  says: z.string(),
  total: z.number(), done: z.number(), failed: z.number().meta({ description: 'Stuck or refused' }), skipped: z.number(), held: z.number(),
}).meta({ id: 'PlanRow' })

export const plan = planRow.extend({
  hash: z.string().nullable(),
  /** What the computing is at. */
  progress: z.string().nullable(),
  basis: z.record(z.string(), z.unknown()),
  basedOn: z.array(z.object({ says: z.string(), at: instant })),
  counts: z.array(count), brakes: z.array(brake), findings: z.array(planFinding),
  systems: z.array(z.object({
    system: named, total: z.number(), done: z.number(), failed: z.number().meta({ description: 'Stuck or refused' }),
    refused: z.number(), skipped: z.number(), held: z.number(), waiting: z.number(),
    perSecond: z.number().nullable().meta({ description: 'Over the last ten seconds, while applying' }),
  })),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string() }).nullable(),
}).meta({ id: 'Plan' })

export const change = z.object({
  id: number, stage: z.number(), wave: z.number(), kind: changeKind, symbol: z.string(), system: named, job: z.string().nullable(),
  objectType: z.string().nullable(), person: named.nullable(), subject: z.string(), entitlement: named.nullable(),
  /** The whole change as one sentence. */
  says: z.string(),
  fields: z.array(z.object({ attribute: z.string(), before: z.unknown(), after: z.unknown() })),
  reasons: z.array(z.object({ because: z.string(), says: z.string() }).loose()),
  state: changeState, attempts: z.number(), nextAttemptAt: instant.nullable(),
  error: z.object({ code: z.string(), words: z.string(), advice: z.string() }).nullable(),
  startedAt: instant.nullable(), doneAt: instant.nullable(),
}).meta({ id: 'Change' })

export const planLeft = z.object({
  id: number, code: z.string(), words: z.string(), advice: z.string(),
  /** The change that is not taken back; null: several. */
  change: z.object({ id: number, kind: changeKind, symbol: z.string(), subject: z.string(), system: named, person: named.nullable() }).nullable(),
}).meta({ id: 'PlanLeft' })

export const stuckChange = z.object({
  plan: z.object({ id: uuid, number: z.number() }), change, stuckSince: instant,
}).meta({ id: 'StuckChange' })

export const planPerson = z.object({
  person: named,
  symbols: z.array(z.object({ symbol: z.string(), kind: changeKind, count: z.number() })),
  systems: z.array(z.string()), changes: z.number(), held: z.number(), failed: z.number(),
}).meta({ id: 'PlanPerson' })

export const forecast = z.object({
  asOf: instant, madeAt: instant,
  people: z.array(z.object({
    person: named, was: personState, becomes: personState, at: instant.nullable().meta({ description: 'When it comes about' }),
    /** "Starts", "Goes on leave", "Returns", "Leaves" */
    says: z.string(),
  })),
  reasons: z.array(z.object({ person: named, happens: z.enum(['begins', 'ends']), at: instant, says: z.string() })),
  /** More people or reasons than are listed. */
  more: z.boolean(),
}).meta({ id: 'Forecast' })

const changeFilters = {
  stage: z.coerce.number().int().min(1).max(2).optional(), system: slug.optional(), kind: changeKind.optional(),
  state: changeState.optional(), person: uuid.optional(),
}
const ofPlan = z.object({ id: uuid, changeId: number })

export const plans = {
  startPlan: route({
    method: 'POST', url: '/api/plans', permission: 'plans:write', summary: 'Plan: everything, some jobs, or some people; with asOf a forecast, which is never carried out',
    body: z.object({
      scope: z.union([z.object({ jobs: z.array(slug).min(1) }), z.object({ people: z.array(uuid).min(1).max(1000) })]).nullable().default(null),
      asOf: z.iso.datetime({ offset: true }).optional().meta({ description: 'An instant to come: what would be then' }),
      readAnew: z.boolean().default(false).meta({ description: 'Of a forecast: read the systems first, instead of taking them as last seen' }),
    }),
    response: z.object({ planId: uuid }),
  }),
  listPlans: route({
    method: 'GET', url: '/api/plans', permission: 'plans:read', summary: 'Plans, newest first',
    query: z.object({ ...paging, state: planState.optional() }), response: page(planRow),
  }),
  showPlan: route({ method: 'GET', url: '/api/plans/:id', permission: 'plans:read', summary: 'One plan', params: byUuid, response: plan }),
  showForecast: route({
    method: 'GET', url: '/api/plans/:id/forecast', permission: 'plans:read', summary: 'Who comes and goes until the instant of a forecast, and which reasons begin and end',
    params: byUuid, response: forecast,
  }),
  searchChanges: route({
    method: 'POST', url: '/api/plans/:id/changes/search', permission: 'plans:read', summary: 'Changes of a plan, in their order',
    params: byUuid, body: z.object({ ...paging, ...changeFilters, search: z.string().max(200).optional() }), response: page(change),
  }),
  exportChanges: route({
    method: 'GET', url: '/api/plans/:id/changes.csv', permission: 'plans:export', summary: 'Changes of a plan as CSV',
    params: byUuid, query: z.object(changeFilters), response: z.string(), contentType: 'text/csv',
  }),
  exportEvidence: route({
    method: 'GET', url: '/api/plans/:id/evidence', permission: 'audit:read',
    summary: 'What a plan was computed from, its changes with their results and its stretch of the audit chain, to be verified offline',
    params: byUuid, response: z.string(), contentType: 'application/x-ndjson',
  }),
  searchPlanPeople: route({
    method: 'POST', url: '/api/plans/:id/people/search', permission: 'plans:read', summary: 'People whom a plan changes, by name',
    params: byUuid, body: z.object({ ...paging, ...changeFilters, search: z.string().max(200).optional() }), response: page(planPerson),
  }),
  approvePlan: route({
    method: 'POST', url: '/api/plans/:id/approve', permission: 'plans:write', summary: 'Approve exactly the plan with this hash',
    params: byUuid, body: z.object({ hash: z.string().min(1) }), response: nothing,
  }),
  releaseHeld: route({
    method: 'POST', url: '/api/plans/:id/release', permission: 'plans:write', summary: 'Let exactly the held set with this hash go on',
    params: byUuid, body: z.object({ setHash: z.string().min(1) }),
    response: z.object({
      pending: z.boolean().meta({ description: 'It counts as soon as another user confirms it' }),
      planId: uuid.meta({ description: 'The plan that it goes on with: another one where everything is planned anew with the release' }),
    }),
  }),
  undoPlan: route({
    method: 'POST', url: '/api/plans/:id/undo', permission: 'plans:write', summary: 'Begin a plan that takes back what this one did',
    params: byUuid, response: z.object({ planId: uuid }),
    body: z.object({ until: instant.optional().meta({ description: 'What is undone is left as it is until this instant; a week where nothing is said' }) }),
  }),
  listLeft: route({
    method: 'GET', url: '/api/plans/:id/left', permission: 'plans:read', summary: 'What a plan that undoes another cannot take back, and why',
    params: byUuid, query: z.object(paging), response: page(planLeft),
  }),
  stopPlan: route({ method: 'POST', url: '/api/plans/:id/stop', permission: 'plans:write', summary: 'Stop between two changes', params: byUuid, response: nothing }),
  resumePlan: route({ method: 'POST', url: '/api/plans/:id/resume', permission: 'plans:write', summary: 'Go on with a stopped plan', params: byUuid, response: nothing }),
  listStuck: route({
    method: 'GET', url: '/api/stuck-changes', permission: 'plans:read', summary: 'Changes of all plans that failed for good and wait for a person, the longest first',
    query: z.object({ ...paging, system: slug.optional(), person: uuid.optional() }), response: page(stuckChange),
  }),
  settleChange: route({
    method: 'POST', url: '/api/plans/:id/changes/:changeId/settle', permission: 'plans:write', summary: 'Settle a stuck change that was dealt with otherwise; the next plan looks for itself',
    params: ofPlan, body: z.object({ how: z.enum(['by-hand', 'not-needed']), note: z.string().trim().min(1).max(1000) }), response: nothing,
  }),
  retryChange: route({
    method: 'POST', url: '/api/plans/:id/changes/:changeId/retry', permission: 'plans:retry', summary: 'Try a failed change again, now',
    params: ofPlan, response: nothing,
  }),
}
