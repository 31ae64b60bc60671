/** Systems, their accounts and entitlements, connectors and uploads. */
import { z } from 'zod'
import { method } from '../../domain/policy.ts'
import { accountRow, finding } from './person.ts'
import { attributes, bySlug, instant, named, nothing, number, page, paging, route, slug } from './route.ts'

const objectType = z.object({
  name: z.string(), title: z.string(), kind: z.enum(['account', 'entitlement']),
  attributes: z.array(z.object({
    name: z.string(), title: z.string().optional(), type: z.string(), description: z.string().optional(),
    required: z.boolean().optional(), unique: z.boolean().optional(), multiValued: z.boolean().optional(),
    secret: z.boolean().optional(), naming: z.boolean().optional(), compare: z.string().optional(),
  })),
  operations: z.array(z.string()),
})

export const capabilities = z.object({
  source: z.boolean(), destination: z.boolean(), objectTypes: z.array(objectType),
  limits: z.object({ parallel: z.number(), perSecond: z.number().optional(), settleMs: z.number() }),
  canEndSessions: z.boolean(), canReadPassword: z.boolean(),
}).meta({ id: 'Capabilities' })

const read = z.object({
  id: z.string(), at: instant, state: z.enum(['reading', 'complete', 'incomplete']),
  accounts: z.number(), entitlements: z.number(), memberships: z.number(), rows: z.number(), setAside: z.number(),
  code: z.string().nullable(), because: z.string().nullable(),
})

export const systemRow = z.object({
  id: slug, name: z.string(), connector: z.string(), method,
  source: z.boolean(), destination: z.boolean(),
  /** `unknown`: never read. `wrong`: the last read was not complete, or something is found wrong. */
  state: z.enum(['unknown', 'fine', 'reading', 'wrong']),
  lastRead: read.nullable(),
  accounts: z.number(), linked: z.number(), orphans: z.number(), protected: z.number(), entitlements: z.number(),
  findings: z.number(),
}).meta({ id: 'SystemRow' })

export const systemDetail = systemRow.extend({
  description: z.string().nullable(),
  /** As in the policy: secrets are references. */
  config: z.record(z.string(), z.unknown()),
  brakes: z.record(z.string(), z.object({ share: z.number().optional(), count: z.number().optional() })),
  protectedNames: z.array(z.string()), authoritative: z.array(z.string()),
  capabilities: capabilities.nullable(),
  /** Why there are no capabilities, when the configuration is wrong. */
  problem: z.string().nullable(),
  jobs: z.array(named), openFindings: z.array(finding), policyRevision: z.number(),
}).meta({ id: 'System' })

export const check = z.object({
  ok: z.boolean(),
  steps: z.array(z.object({
    name: z.string(), ok: z.boolean(), code: z.string().optional(), message: z.string().optional(), advice: z.string().optional(),
  })),
}).meta({ id: 'Check' })

export const sourceShape = z.object({
  file: z.string(), sheet: z.string().optional(), sheets: z.array(z.string()).optional(),
  encoding: z.string().optional(), delimiter: z.string().optional(), headerRow: z.number(),
  columns: z.array(z.object({ name: z.string(), letter: z.string(), index: z.number() })),
  sample: z.array(attributes),
}).meta({ id: 'SourceShape' })

export const entitlementRow = z.object({
  id: number, system: named, objectType: z.string(), name: z.string(), nativeId: z.string(), attributes,
  members: z.number(), seenAt: instant, goneAt: instant.nullable(),
}).meta({ id: 'Entitlement' })

export const connector = z.object({
  kind: z.string(), title: z.string(),
  /** JSON Schema; fields with `secret: true` hold a secret's reference. */
  configSchema: z.record(z.string(), z.unknown()),
  /** With an empty configuration, where that is possible. */
  capabilities: capabilities.nullable(),
  templates: z.array(z.object({
    id: z.string(), title: z.string(), objectType: z.string(), mapping: z.record(z.string(), z.string()), match: z.array(z.string()),
  })),
}).meta({ id: 'Connector' })

const draft = z.object({ system: z.unknown().meta({ description: 'A system as in the policy' }) })
const search = z.string().max(200).optional()

export const systems = {
  listSystems: route({
    method: 'GET', url: '/api/systems', permission: 'systems:read', summary: 'Systems', response: z.object({ items: z.array(systemRow) }),
  }),
  showSystem: route({
    method: 'GET', url: '/api/systems/:id', permission: 'systems:read', summary: 'One system', params: bySlug, response: systemDetail,
  }),
  checkSystem: route({
    method: 'POST', url: '/api/systems/:id/check', permission: 'systems:check', summary: 'Connect, sign in, and name each missing right', params: bySlug, response: check,
  }),
  readSystem: route({
    method: 'POST', url: '/api/systems/:id/read', permission: 'systems:check', summary: 'Read a system fully, without planning', params: bySlug, response: nothing,
  }),
  resumeSystem: route({
    method: 'POST', url: '/api/systems/:id/resume', permission: 'plans:write', summary: 'Let a system go on that is paused because too many changes failed', params: bySlug, response: nothing,
  }),
  inspectSystem: route({
    method: 'POST', url: '/api/systems/:id/inspect', permission: 'systems:check', summary: 'Columns and first rows of a source', params: bySlug, response: sourceShape,
  }),
  searchAccounts: route({
    method: 'POST', url: '/api/systems/:id/accounts/search', permission: 'systems:read', summary: 'Accounts of a system',
    params: bySlug,
    body: z.object({ ...paging, search, filter: z.enum(['all', 'linked', 'orphan', 'protected', 'disabled']).default('all') }),
    response: page(accountRow),
  }),
  searchEntitlements: route({
    method: 'POST', url: '/api/systems/:id/entitlements/search', permission: 'systems:read', summary: 'Entitlements of a system',
    params: bySlug, body: z.object({ ...paging, search }), response: page(entitlementRow),
  }),
  listMembers: route({
    method: 'GET', url: '/api/systems/:id/entitlements/:entitlementId/members', permission: 'systems:read', summary: 'Accounts that hold an entitlement',
    params: z.object({ id: slug, entitlementId: number }), query: z.object(paging), response: page(accountRow),
  }),
  checkDraft: route({
    method: 'POST', url: '/api/systems/check', permission: 'systems:draft', summary: 'Check a system that is not in the policy yet', body: draft, response: check,
  }),
  inspectDraft: route({
    method: 'POST', url: '/api/systems/inspect', permission: 'systems:draft', summary: 'Columns and first rows of a source that is not in the policy yet',
    body: draft, response: sourceShape,
  }),
  listConnectors: route({
    method: 'GET', url: '/api/connectors', permission: 'systems:read', summary: 'Kinds of system, their configuration and templates',
    response: z.object({ items: z.array(connector) }),
  }),
  upload: route({
    method: 'POST', url: '/api/uploads', permission: 'uploads:write', summary: 'Store a source file (.csv, .tsv, .txt, .xlsx; at most 200 MB); the path goes into a system',
    query: z.object({ replace: z.string().max(300).optional().meta({ description: 'Path of an upload that the new file takes the place of' }) }),
    upload: true, response: z.object({ path: z.string(), bytes: z.number() }),
  }),
}
