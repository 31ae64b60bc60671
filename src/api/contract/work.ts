/** What waits for somebody, and what was done: overview, cases, findings, secrets, audit, roles. */
import { z } from 'zod'
import { leaverRow } from './leaver.ts'
import { finding, personRow, personState } from './person.ts'
import { planRow } from './plan.ts'
import { byUuid, instant, named, nothing, number, page, paging, route, slug, uuid } from './route.ts'
import { systemRow } from './system.ts'

export const overview = z.object({
  waiting: z.object({
    plansOpen: z.number(), plansHeld: z.number(), cases: z.number(), findings: z.number(), stuck: z.number(), retrying: z.number(), setAside: z.number(),
  }),
  plansToReview: z.array(planRow), lastPlans: z.array(planRow),
  people: z.array(z.object({ state: personState, count: z.number() })),
  systems: z.array(systemRow), findings: z.array(finding),
  /** People who left and are not gone everywhere, or left lately. */
  leavers: z.array(leaverRow),
  /** The first steps, for a fresh installation. */
  start: z.object({ hasSource: z.boolean(), hasDestination: z.boolean(), hasJob: z.boolean(), hasPlan: z.boolean() }),
  organisation: z.string(),
}).meta({ id: 'Overview' })

export const matchCase = z.object({
  id: uuid, job: named, key: z.string(), code: z.string(), says: z.string(), advice: z.string(),
  openedAt: instant, decidedAt: instant.nullable(), decidedBy: named.nullable(), personId: uuid.nullable(),
  /** What the source row says of the person. */
  row: z.object({ row: z.number(), attributes: z.record(z.string(), z.unknown()), position: z.record(z.string(), z.unknown()) }).nullable(),
  candidates: z.array(personRow.extend({ attributes: z.record(z.string(), z.unknown()) })),
}).meta({ id: 'Case' })

export const secretRow = z.object({
  reference: z.string(), changedAt: instant, changedBy: named, usedBy: z.array(named),
}).meta({ id: 'Secret' })

export const auditRow = z.object({
  id: number, position: number.nullable(), at: instant, actor: named, action: z.string(), subject: z.string(), says: z.string(),
  detail: z.record(z.string(), z.unknown()), hash: z.string().nullable(),
}).meta({ id: 'AuditRow' })

export const verification = z.object({
  ok: z.boolean(), rows: z.number(), sealed: z.number(), unsealed: z.number(), head: z.string().nullable(),
  problems: z.array(z.object({ kind: z.string(), position: z.string().nullable(), id: z.string().nullable(), message: z.string() })),
}).meta({ id: 'Verification' })

const reference = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/, 'letters, digits and . _ / - only')

export const work = {
  overview: route({ method: 'GET', url: '/api/overview', permission: 'overview:read', summary: 'What waits, what ran, what is wrong', response: overview }),
  listCases: route({
    method: 'GET', url: '/api/cases', permission: 'cases:read', summary: 'Source rows that wait for a person to say whose they are',
    query: z.object({ ...paging, decided: z.stringbool().default(false) }), response: page(matchCase),
  }),
  decideCase: route({
    method: 'POST', url: '/api/cases/:id/decide', permission: 'cases:decide', summary: 'Say whose row it is; null: a new person',
    params: byUuid, body: z.object({ personId: uuid.nullable() }), response: nothing,
  }),
  listFindings: route({
    method: 'GET', url: '/api/findings', permission: 'findings:read', summary: 'What is wrong now, with advice',
    query: z.object({ ...paging, system: slug.optional(), job: slug.optional(), code: z.string().max(100).optional() }), response: page(finding),
  }),
  rolePeople: route({
    method: 'GET', url: '/api/roles', permission: 'policy:read', summary: 'How many people have each role, and each rule\'s',
    response: z.object({
      roles: z.array(z.object({ id: z.string(), people: z.number() })), rules: z.array(z.object({ id: z.string(), people: z.number() })),
    }),
  }),
  listSecrets: route({
    method: 'GET', url: '/api/secrets', permission: 'secrets:read', summary: 'Names of stored secrets; never their values', response: z.object({ items: z.array(secretRow) }),
  }),
  setSecret: route({
    method: 'PUT', url: '/api/secrets/:reference', permission: 'secrets:write', summary: 'Store a secret',
    params: z.object({ reference }), body: z.object({ value: z.string().min(1).max(10000) }), response: nothing,
  }),
  deleteSecret: route({
    method: 'DELETE', url: '/api/secrets/:reference', permission: 'secrets:write', summary: 'Remove a secret', params: z.object({ reference }), response: nothing,
  }),
  listAudit: route({
    method: 'GET', url: '/api/audit', permission: 'audit:read', summary: 'Decisions and changes, newest first',
    query: z.object({ ...paging, subject: z.string().max(200).optional(), action: z.string().max(100).optional(), actor: z.string().max(200).optional() }),
    response: page(auditRow),
  }),
  verifyAudit: route({ method: 'GET', url: '/api/audit/verify', permission: 'audit:read', summary: 'Verify the audit chain', response: verification }),
  exportAudit: route({
    method: 'GET', url: '/api/audit/export', permission: 'audit:read', summary: 'The audit log with its heads, to be verified offline',
    response: z.string(), contentType: 'application/x-ndjson',
  }),
}
