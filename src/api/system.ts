/** Systems, their accounts and entitlements. */
import type { FastifyInstance } from 'fastify'
import type { Check } from '../connectors/connector.ts'
import { brakesOf, system as systemSchema } from '../domain/policy.ts'
import type { System } from '../domain/policy.ts'
import { UsherError } from '../domain/errors.ts'
import { systemOf, withFilesFolder } from '../engine/context.ts'
import { describeSystem } from '../engine/describe-system.ts'
import { listMembers, searchAccounts, searchEntitlements } from '../store/account-views.ts'
import { listFindings } from '../store/finding-views.ts'
import { currentRevision } from '../store/policy.ts'
import { lastReads, systemCounts } from '../store/system-views.ts'
import type { ReadShown, SystemCounts } from '../store/system-views.ts'
import { note } from './audit-note.ts'
import { connectorList } from './connector-list.ts'
import { systems } from './contract/index.ts'
import type { Door } from './door.ts'
import { adviceFor, lexicon } from './names.ts'
import { serve } from './serve.ts'
import { shownAccount, shownEntitlement, shownFinding } from './shown.ts'
import { storeUpload } from './upload.ts'

export function systemRoutes(app: FastifyInstance, door: Door): void {
  const { engine, context, context: { pool } } = door

  serve(app, systems.listSystems, async () => ({ items: await systemRows(door) }))
  serve(app, systems.showSystem, async ({ params }) => {
    const [names, rows] = await Promise.all([lexicon(door), systemRows(door)])
    const system = systemOf(names.policy, params.id)
    const row = rows.find((r) => r.id === params.id)
    if (row === undefined) throw new UsherError('NOT_FOUND', `There is no system "${params.id}".`)
    const described = describe(system)
    const findings = await listFindings(pool, { system: system.id, limit: 100 })
    return {
      ...row, description: system.description ?? null, config: system.config, brakes: { ...brakesOf(system) },
      protectedNames: system.protected, authoritative: system.authoritative,
      capabilities: described.capabilities, problem: described.problem,
      jobs: names.policy.jobs.filter((j) => j.source === system.id || j.destination === system.id).map(({ id, name }) => ({ id, name })),
      openFindings: findings.items.map(shownFinding), policyRevision: names.revision,
    }
  })

  serve(app, systems.checkSystem, async ({ params }) => shownCheck(await engine.checkSystem(await known(params.id))))
  serve(app, systems.inspectSystem, async ({ params }) => engine.inspectSource(await known(params.id)))
  serve(app, systems.readSystem, async ({ params, who }) => {
    await known(params.id)
    await engine.readSystem(params.id, who.actor)
    return {}
  })
  serve(app, systems.resumeSystem, async ({ params, who }) => {
    await engine.resumeSystem(params.id, who.actor)
    return {}
  })
  serve(app, systems.checkDraft, async ({ body }) => shownCheck(await engine.checkSystem(draft(body.system))))
  serve(app, systems.inspectDraft, async ({ body }) => engine.inspectSource(draft(body.system)))

  serve(app, systems.searchAccounts, async ({ params, body }) => {
    await known(params.id)
    const [names, page] = await Promise.all([lexicon(door), searchAccounts(pool, params.id, body)])
    return { items: page.items.map((a) => shownAccount(a, names)), next: page.next }
  })
  serve(app, systems.searchEntitlements, async ({ params, body }) => {
    await known(params.id)
    const [names, page] = await Promise.all([lexicon(door), searchEntitlements(pool, params.id, body)])
    return { items: page.items.map((e) => shownEntitlement(e, names)), next: page.next }
  })
  serve(app, systems.listMembers, async ({ params, query }) => {
    await known(params.id)
    const [names, page] = await Promise.all([lexicon(door), listMembers(pool, params.id, params.entitlementId, query)])
    return { items: page.items.map((a) => shownAccount(a, names)), next: page.next }
  })
  serve(app, systems.listConnectors, () => ({ items: connectorList(context.connectors) }))
  serve(app, systems.upload, async ({ request, query, who }) => {
    const stored = await storeUpload(request, context.filesFolder, context.newId(), query.replace)
    await note(door, who.actor, 'file.uploaded', `file:${stored.path}`, { bytes: stored.bytes, replaced: query.replace !== undefined })
    return stored
  })

  async function known(id: string): Promise<System> {
    return systemOf((await currentRevision(pool)).policy, id)
  }

  function describe(system: System) {
    const definition = context.connectors.find((c) => c.kind === system.connector)
    const described = describeSystem(context)(system)
    if (described !== undefined && 'problems' in described) {
      return { capabilities: null, problem: described.problems.map((p) => `${p.path.join('.')}: ${p.message}`).join('; ') }
    }
    return { capabilities: definition?.describe(definition.configSchema.parse(withFilesFolder(context, system))) ?? null, problem: null }
  }
}

/** Systems of the policy with what was last seen in them. */
export async function systemRows(door: Door) {
  const { context, context: { pool } } = door
  const [{ policy }, counts, reads] = await Promise.all([currentRevision(pool), systemCounts(pool), lastReads(pool)])
  return policy.systems.map((system) => {
    const described = describeSystem(context)(system)
    const count = counts.get(system.id)
    const read = reads.get(system.id)
    return {
      id: system.id, name: system.name, connector: system.connector, method: system.method,
      source: policy.jobs.some((j) => j.source === system.id) || (described !== undefined && 'source' in described && described.source),
      destination: policy.jobs.some((j) => j.destination === system.id) || (described !== undefined && 'destination' in described && described.destination),
      state: stateOf(read, count, described !== undefined && 'problems' in described),
      lastRead: read === undefined ? null : withoutSystem(read),
      accounts: count?.accounts ?? 0, linked: count?.linked ?? 0, orphans: count?.orphans ?? 0, protected: count?.protected ?? 0,
      entitlements: count?.entitlements ?? 0, findings: count?.findings ?? 0,
    }
  })
}

function stateOf(read: ReadShown | undefined, counts: SystemCounts | undefined, misconfigured: boolean): 'unknown' | 'fine' | 'reading' | 'wrong' {
  if (misconfigured || read?.state === 'incomplete' || (counts?.findings ?? 0) > 0) return 'wrong'
  if (read === undefined) return 'unknown'
  return read.state === 'reading' ? 'reading' : 'fine'
}

function withoutSystem({ systemId: _, ...read }: ReadShown): Omit<ReadShown, 'systemId'> {
  return read
}

function draft(given: unknown): System {
  const parsed = systemSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }))
  throw new UsherError('POLICY_INVALID', fields.map((f) => `system.${f.field}: ${f.message}`).join('; '), { fields })
}

function shownCheck(check: Check) {
  return { ok: check.ok, steps: check.steps.map((step) => ({ ...step, ...(step.code === undefined ? {} : { advice: adviceFor(step.code) }) })) }
}
