/** People, what they have, and why. Names are never in addresses: searching is a POST. */
import { z } from 'zod'
import { personEnd } from './leaver.ts'
import { attributes, byUuid, instant, named, number, page, paging, route, slug, uuid } from './route.ts'

export const personState = z.enum(['before-start', 'active', 'on-leave', 'ended']).meta({ id: 'PersonState' })

export const personRow = z.object({
  id: uuid, name: z.string(), employeeId: z.string().nullable(), email: z.string().nullable(),
  state: personState,
  department: z.string().nullable(), location: z.string().nullable(), title: z.string().nullable(),
  start: z.string().nullable(), end: z.string().nullable(),
  accounts: z.number(),
}).meta({ id: 'PersonRow' })

export const origin = z.object({
  job: z.string(), source: z.string(), row: z.number(),
  cells: z.array(z.object({ address: z.string(), column: z.string(), value: z.unknown() })),
  expression: z.string(), policyRevision: z.number(),
}).meta({ id: 'Origin' })

export const accountRow = z.object({
  id: number, system: named, objectType: z.string(), name: z.string(), nativeId: z.string(),
  enabled: z.boolean(), protected: z.boolean(),
  person: named.nullable(), job: z.string().nullable(),
  linkedAt: instant.nullable(), disabledAt: instant.nullable(), seenAt: instant, goneAt: instant.nullable(),
  entitlements: z.number(),
  attributes,
}).meta({ id: 'Account' })

export const finding = z.object({
  id: number, code: z.string(), severity: z.string(), message: z.string(), advice: z.string(),
  system: z.string().nullable(), job: z.string().nullable(), person: named.nullable(),
  details: z.record(z.string(), z.unknown()),
  firstSeenAt: instant, lastSeenAt: instant, resolvedAt: instant.nullable(),
}).meta({ id: 'Finding' })

export const position = z.object({
  key: z.string(), job: z.string(), attributes,
  start: z.string().nullable(), end: z.string().nullable(),
  leaveFrom: z.string().nullable(), leaveUntil: z.string().nullable(), missingSince: instant.nullable(),
  living: z.boolean(),
}).meta({ id: 'Position' })

export const person = z.object({
  id: uuid, name: z.string(), state: personState,
  startsAt: instant.nullable(), endedAt: instant.nullable(), nextChangeAt: instant.nullable(),
  attributes: z.array(z.object({
    name: z.string(), title: z.string(), value: z.unknown(), sensitive: z.boolean(),
    /** Whom a reference points to, when they are known. */
    person: named.nullable(),
  })),
  positions: z.array(position),
  accounts: z.array(accountRow),
  findings: z.array(finding),
  reports: z.array(named),
  openChanges: z.number(),
  /** The end that a human set, where one stands. */
  end: personEnd.nullable(),
  /** The clock of their leaving, where one counts. */
  leaverId: uuid.nullable(),
  /** Jobs with a first password that nobody has seen yet. */
  passwords: z.array(z.object({ job: z.string(), system: z.string(), madeAt: instant })),
}).meta({ id: 'Person' })

export const whyReason = z.object({
  reasonId: z.string(), kind: z.enum(['scope', 'rule', 'role', 'manual', 'found', 'grace']), says: z.string(),
  from: instant, until: instant.nullable(),
  role: z.string().optional(), rule: z.string().optional(), policyRevision: z.number(), origins: z.array(origin),
}).meta({ id: 'WhyReason' })

export const whyException = z.object({
  exceptionId: number, system: z.string(), job: z.string(), accountId: number.nullable(),
  thing: z.enum(['attribute', 'entitlement', 'enabled', 'account']), attribute: z.string().nullable(), entitlementId: number.nullable(),
  keepsAccess: z.boolean().meta({ description: 'Kept although policy would take it; otherwise withheld although policy would give it, or a value that is kept' }),
  says: z.string(), from: instant, until: instant.nullable().meta({ description: 'Null: until somebody ends it' }), note: z.string(), by: named,
}).meta({ id: 'WhyException' })

const title = z.string().meta({ description: 'The name as people read it: the first part of a DN' })

export const why = z.object({
  personId: uuid, asOf: instant,
  attributes: z.array(z.object({ attribute: z.string(), value: z.unknown(), origin: origin.nullable() })),
  positions: z.array(z.object({
    key: z.string(), attributes, start: z.string().optional(), end: z.string().optional(), origin: origin.nullable(),
  })),
  accounts: z.array(z.object({
    accountId: z.string(), system: z.string(), name: z.string(), title, enabled: z.boolean(), since: instant.nullable(),
    attributes: z.array(z.object({
      attribute: z.string(), value: z.unknown(), job: z.string(), expression: z.string().nullable(), policyRevision: z.number(),
      written: z.object({ at: instant, planId: uuid, plan: z.number() }).nullable().meta({ description: 'Null where Usher did not write it' }),
      origins: z.array(origin),
    })),
    reasons: z.array(whyReason),
  })),
  access: z.array(z.object({
    system: z.string(), entitlementId: z.string(), entitlement: z.string(), title, present: z.boolean(),
    since: instant.nullable(), until: instant.nullable(), reasons: z.array(whyReason),
  })),
  exceptions: z.array(whyException).meta({ description: 'What is left as it is by decision' }),
}).meta({ id: 'Why' })

export const whyNot = z.object({
  has: z.boolean(),
  ways: z.array(z.object({
    says: z.string(), rule: z.string().optional(), role: z.string().optional(),
    failed: z.object({ condition: z.string(), line: z.number(), column: z.number(), saw: z.record(z.string(), z.unknown()) }).nullable(),
    origins: z.array(origin),
  })),
  exceptions: z.array(whyException).meta({ description: 'Decisions that keep it from the person, whatever the rules say' }),
}).meta({ id: 'WhyNot' })

export const historyEntry = z.object({
  at: instant, says: z.string(), kind: z.enum(['person', 'change', 'reason', 'decision']),
  by: named.nullable(), planId: z.string().nullable(),
}).meta({ id: 'HistoryEntry' })

const filters = {
  state: personState.optional(), department: z.string().max(200).optional(), location: z.string().max(200).optional(),
}
const started = z.object({ planId: uuid })

export const people = {
  searchPeople: route({
    method: 'POST', url: '/api/people/search', permission: 'people:read', summary: 'Search people by name, e-mail and employee id, and filter',
    body: z.object({
      ...paging, ...filters, search: z.string().max(200).optional(), sort: z.enum(['name', 'employeeId']).default('name'),
    }),
    response: page(personRow).extend({ total: z.number().nullable().meta({ description: 'Only with the first page' }) }),
  }),
  peopleFilters: route({
    method: 'GET', url: '/api/people/filters', permission: 'people:read', summary: 'Departments and locations that people have, and how many',
    response: z.object({
      departments: z.array(z.object({ value: z.string(), people: z.number() })),
      locations: z.array(z.object({ value: z.string(), people: z.number() })),
      states: z.array(z.object({ value: personState, people: z.number() })),
    }),
  }),
  exportPeople: route({
    method: 'GET', url: '/api/people.csv', permission: 'people:export', summary: 'People as CSV',
    query: z.object(filters), response: z.string(), contentType: 'text/csv',
  }),
  showPerson: route({
    method: 'GET', url: '/api/people/:id', permission: 'people:read', summary: 'One person', params: byUuid, response: person,
  }),
  why: route({
    method: 'GET', url: '/api/people/:id/why', permission: 'people:read', summary: 'Everything a person has, and because of what',
    params: byUuid, query: z.object({ asOf: z.iso.datetime({ offset: true }).optional() }), response: why,
  }),
  whyNot: route({
    method: 'GET', url: '/api/people/:id/why-not', permission: 'people:read', summary: 'Why a person lacks an entitlement, an account or a role: name exactly one',
    params: byUuid, query: z.object({ entitlementId: number.optional(), jobId: slug.optional(), roleId: slug.optional(), asOf: z.iso.datetime({ offset: true }).optional() }), response: whyNot,
  }),
  history: route({
    method: 'GET', url: '/api/people/:id/history', permission: 'people:read', summary: 'What happened to a person, newest first, as sentences',
    params: byUuid, query: z.object(paging), response: page(historyEntry),
  }),
  grant: route({
    method: 'POST', url: '/api/people/:id/grants', permission: 'people:grant', summary: 'Give a role or an entitlement, by hand, until an instant',
    params: byUuid,
    body: z.object({
      roleId: slug.optional(), entitlementId: number.optional(),
      from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not before this instant; absent: at once' }),
      until: z.iso.datetime({ offset: true }).optional(), note: z.string().max(1000).optional(),
    }).refine((b) => (b.roleId === undefined) !== (b.entitlementId === undefined), 'name either roleId or entitlementId'),
    response: z.object({ reasonId: z.string(), planId: uuid }),
  }),
  changeEnd: route({
    method: 'PATCH', url: '/api/reasons/:id', permission: 'people:grant', summary: 'Extend or shorten a reason that was given by hand; null: no end',
    params: z.object({ id: number }), body: z.object({ until: z.iso.datetime({ offset: true }).nullable() }), response: started,
  }),
  endReason: route({
    method: 'DELETE', url: '/api/reasons/:id', permission: 'people:grant', summary: 'End a reason that was given by hand',
    params: z.object({ id: number }), response: started,
  }),
  planPerson: route({
    method: 'POST', url: '/api/people/:id/plan', permission: 'people:plan', summary: 'Plan one person now', params: byUuid, response: started,
  }),
  showPassword: route({
    method: 'POST', url: '/api/people/:id/passwords/:jobId/show', permission: 'people:password', summary: 'Show a first password, once',
    params: z.object({ id: uuid, jobId: slug }), response: z.object({ password: z.string() }),
  }),
}
