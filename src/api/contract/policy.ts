/** The policy: as objects for the UI, as files for git. Both end as a revision. */
import { z } from 'zod'
import { instant, named, route, slug } from './route.ts'

export const policyDocument = z.record(z.string(), z.unknown()).meta({ description: 'settings, systems, jobs, roles, rules; see /api/policy/schemas' })

export const problem = z.object({
  message: z.string(), severity: z.string().optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
  /** Inside of an expression: where in its text. */
  within: z.object({ line: z.number(), column: z.number() }).optional(),
  file: z.string().optional(), line: z.number().optional(), column: z.number().optional(),
}).meta({ id: 'PolicyProblem' })

export const difference = z.object({
  kind: z.string(), id: z.string(), change: z.enum(['added', 'changed', 'removed']),
  fields: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })),
}).meta({ id: 'PolicyDifference' })

export const conflict = z.object({ kind: z.string(), id: z.string(), message: z.string() }).meta({ id: 'PolicyConflict' })

const revisionRow = z.object({ revision: z.number(), madeAt: instant, madeBy: named, message: z.string() })
const current = z.object({ revision: z.number(), policy: policyDocument, problems: z.array(problem) })
const files = z.record(z.string(), z.string()).meta({ description: 'Path → text, such as `systems/hr.yaml`' })
const base = z.number().int().min(0).meta({ description: 'The revision that the edit started from' })
const objectId = z.object({ kind: z.enum(['settings', 'systems', 'jobs', 'roles', 'rules']), id: slug })

export const policies = {
  showPolicy: route({ method: 'GET', url: '/api/policy', permission: 'policy:read', summary: 'The policy in force', response: current }),
  listRevisions: route({
    method: 'GET', url: '/api/policy/revisions', permission: 'policy:read', summary: 'All revisions, newest first', response: z.object({ items: z.array(revisionRow) }),
  }),
  showRevision: route({
    method: 'GET', url: '/api/policy/revisions/:revision', permission: 'policy:read', summary: 'One revision, and what it changed',
    params: z.object({ revision: z.coerce.number().int().min(0) }),
    response: revisionRow.extend({ policy: policyDocument, differences: z.array(difference) }),
  }),
  putObject: route({
    method: 'PUT', url: '/api/policy/objects/:kind/:id', permission: 'policy:write', summary: 'Create or replace one object (settings: id `settings`)',
    params: objectId, body: z.object({ object: z.record(z.string(), z.unknown()), revision: base, message: z.string().max(500).optional() }),
    response: z.object({ revision: z.number() }),
  }),
  deleteObject: route({
    method: 'DELETE', url: '/api/policy/objects/:kind/:id', permission: 'policy:write', summary: 'Remove one object that nothing refers to',
    params: objectId, query: z.object({ revision: z.coerce.number().int().min(0) }), response: z.object({ revision: z.number() }),
  }),
  exportPolicy: route({
    method: 'GET', url: '/api/policy/files', permission: 'policy:read', summary: 'The policy as YAML files', response: z.object({ revision: z.number(), files }),
  }),
  checkPolicy: route({
    method: 'POST', url: '/api/policy/check', permission: 'policy:read', summary: 'Problems of a set of files, with line and column',
    body: z.object({ files }), response: z.object({ problems: z.array(problem) }),
  }),
  planPolicy: route({
    method: 'POST', url: '/api/policy/plan', permission: 'policy:read', summary: 'What applying a set of files would change',
    body: z.object({ files, base, prune: z.boolean().default(false) }),
    response: z.object({ current: z.number(), problems: z.array(problem), differences: z.array(difference), conflicts: z.array(conflict) }),
  }),
  applyPolicy: route({
    method: 'POST', url: '/api/policy/apply', permission: 'policy:write', summary: 'Apply a set of files as a new revision',
    body: z.object({ files, base, prune: z.boolean().default(false), message: z.string().max(500).default('') }),
    response: z.object({ revision: z.number(), differences: z.array(difference) }),
  }),
  policySchemas: route({
    method: 'GET', url: '/api/policy/schemas', permission: 'policy:read', summary: 'JSON Schemas of the policy files, by kind',
    response: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
  listFunctions: route({
    method: 'GET', url: '/api/functions', permission: 'jobs:read', summary: 'Functions of the expression language',
    response: z.object({
      items: z.array(z.object({ name: z.string(), signature: z.string(), description: z.string(), example: z.string(), result: z.unknown() })),
    }),
  }),
  checkExpression: route({
    method: 'POST', url: '/api/expressions/check', permission: 'jobs:read', summary: 'Does an expression compile, and what does it read?',
    body: z.object({ expression: z.string().max(4000), scope: z.enum(['row', 'person']) }),
    response: z.object({
      ok: z.boolean(), message: z.string().nullable(), line: z.number().nullable(), column: z.number().nullable(),
      reads: z.array(z.object({ variable: z.string(), name: z.string() })),
    }),
  }),
}

