/** Drift, exceptions and accounts of nobody. */
import { z } from 'zod'
import { byNumber, instant, named, nothing, number, page, paging, route, slug, uuid } from './route.ts'

const kind = z.enum(['changed', 'extra', 'gone'])
const thing = z.enum(['attribute', 'entitlement', 'enabled', 'account'])
const markKind = z.enum(['service', 'shared', 'ignored'])
const settled = z.enum(['put-back', 'adopted', 'left', 'agrees', 'explained'])

export const drift = z.object({
  id: number, system: named, person: named, account: named, kind, thing, attribute: z.string().nullable(), entitlement: named.nullable(),
  says: z.string(), was: z.unknown(), isNow: z.unknown(),
  /** It happened between these two. */
  lastRightAt: instant.nullable(), firstSeenAt: instant, lastSeenAt: instant,
  trace: z.object({ says: z.string(), at: instant.nullable(), by: z.string().nullable() }).nullable()
    .meta({ description: 'What the system itself says of who changed it last; null where it says nothing' }),
  settled: z.object({ how: settled, at: instant, by: named.nullable(), plan: z.object({ id: uuid, number: z.number() }).nullable() }).nullable(),
}).meta({ id: 'Drift' })

export const exception = z.object({
  id: number, system: named, person: named, thing, says: z.string(), from: instant, until: instant.nullable(), note: z.string(), by: named,
  plan: z.object({ id: uuid, number: z.number() }).nullable(),
}).meta({ id: 'Exception' })

export const orphan = z.object({
  id: number, system: named, objectType: z.string(), name: z.string(), nativeId: z.string(), enabled: z.boolean(), seenAt: instant, entitlements: z.number(),
  person: named.nullable(),
  marks: z.array(z.object({ kind: markKind, owner: named.nullable(), note: z.string(), until: instant.nullable(), by: named, at: instant })),
  claimedBy: z.array(named).meta({ description: 'People whom match rules find for it, where they are several' }),
}).meta({ id: 'Orphan' })

const ids = z.array(number).min(1).max(1000)
const filter = { system: slug.optional(), kind: kind.optional(), settled: z.boolean().default(false) }
const orphanFilter = { system: slug.optional(), kind: z.enum(['nobody', 'shared', 'service', 'ignored']).default('nobody') }
const search = z.string().max(200).optional()
const planned = z.object({ planId: uuid })

export const drifts = {
  searchDrift: route({
    method: 'POST', url: '/api/drift/search', permission: 'drift:read', summary: 'What somebody changed in systems by hand, newest first',
    body: z.object({ ...paging, ...filter, search }), response: page(drift).extend({ total: z.number() }),
  }),
  exportDrift: route({
    method: 'GET', url: '/api/drift.csv', permission: 'drift:export', summary: 'Drift as CSV',
    query: z.object({ ...filter, settled: z.stringbool().default(false) }), response: z.string(), contentType: 'text/csv',
  }),
  putBackDrift: route({
    method: 'POST', url: '/api/drift/put-back', permission: 'drift:settle', summary: 'Begin a plan that puts back exactly these', body: z.object({ ids }), response: planned,
  }),
  adoptDrift: route({
    method: 'POST', url: '/api/drift/adopt', permission: 'drift:settle', summary: 'Make it right as it is: a reason for access, an exception without end for anything else',
    body: z.object({ ids, note: z.string().max(1000).default('') }), response: nothing,
  }),
  leaveDrift: route({
    method: 'POST', url: '/api/drift/leave', permission: 'drift:settle', summary: 'Leave it as it is until an instant',
    body: z.object({ ids, until: instant, note: z.string().max(1000).default('') }), response: nothing,
  }),
  listExceptions: route({
    method: 'GET', url: '/api/exceptions', permission: 'drift:read', summary: 'What is left as it is by decision, the next to end first',
    query: z.object({ ...paging, system: slug.optional(), person: uuid.optional() }), response: page(exception),
  }),
  endException: route({
    method: 'POST', url: '/api/exceptions/:id/end', permission: 'drift:settle', summary: 'End an exception now', params: byNumber, response: planned,
  }),
  searchOrphans: route({
    method: 'POST', url: '/api/orphans/search', permission: 'drift:read', summary: 'Accounts of nobody, of several people, and of services',
    body: z.object({ ...paging, ...orphanFilter, search }), response: page(orphan),
  }),
  exportOrphans: route({
    method: 'GET', url: '/api/orphans.csv', permission: 'drift:export', summary: 'Accounts of nobody as CSV', query: z.object(orphanFilter),
    response: z.string(), contentType: 'text/csv',
  }),
  linkOrphan: route({
    method: 'POST', url: '/api/orphans/:id/link', permission: 'drift:settle', summary: 'Begin a plan that makes an account of nobody a person\'s',
    params: byNumber, body: z.object({ personId: uuid, jobId: slug.optional() }), response: planned,
  }),
  markOrphan: route({
    method: 'POST', url: '/api/orphans/:id/mark', permission: 'drift:settle', summary: 'Say that an account is a service\'s, shared, or not to be listed until a date',
    params: byNumber, body: z.object({ kind: markKind, ownerId: uuid.optional(), until: instant.optional(), note: z.string().max(1000).optional() }), response: nothing,
  }),
  unmarkOrphan: route({
    method: 'POST', url: '/api/orphans/:id/unmark', permission: 'drift:settle', summary: 'Take that back', params: byNumber, body: z.object({ kind: markKind }), response: nothing,
  }),
  protectOrphan: route({
    method: 'POST', url: '/api/orphans/:id/protect', permission: 'policy:write', summary: 'Protect an account: Usher never touches it', params: byNumber, response: nothing,
  }),
}
