/** The policy. Every edit, of an object or of files, ends as one revision. */
import type { FastifyInstance } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { compile } from '../domain/expression.ts'
import { functions, macros } from '../domain/expression-functions.ts'
import type { Policy, Revision } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import { diffPolicy, objectsById } from '../domain/policy-diff.ts'
import { checkFiles, exportPolicy, planFiles, policySchemas } from '../domain/policy-files.ts'
import type { PolicyKind } from '../domain/policy-parse.ts'
import { canonical } from '../domain/value.ts'
import { describeSystem } from '../engine/describe-system.ts'
import { transaction } from '../store/database.ts'
import { currentRevision, listRevisions, revisionAt, saveRevision } from '../store/policy.ts'
import { actorNames } from '../store/sign-in.ts'
import { note } from './audit-note.ts'
import { policies } from './contract/index.ts'
import type { Door } from './door.ts'
import { serve } from './serve.ts'

export function policyRoutes(app: FastifyInstance, door: Door): void {
  const { context, context: { pool, now } } = door
  const describe = describeSystem(context)

  serve(app, policies.showPolicy, async () => {
    const { revision, policy } = await currentRevision(pool)
    return { revision, policy: { ...policy }, problems: checkPolicy(policy, describe) }
  })
  serve(app, policies.listRevisions, async () => {
    const rows = await listRevisions(pool)
    const names = await actorNames(pool, rows.map((r) => r.madeBy))
    return { items: rows.map((r) => ({ ...r, madeBy: { id: r.madeBy, name: names.get(r.madeBy) ?? r.madeBy } })) }
  })
  serve(app, policies.showRevision, async ({ params }) => {
    const { policy } = await revisionAt(pool, params.revision)
    const row = (await listRevisions(pool)).find((r) => r.revision === params.revision)
    if (row === undefined) throw new UsherError('NOT_FOUND', `There is no policy revision ${params.revision}.`)
    const before = params.revision === 0 ? policy : (await revisionAt(pool, params.revision - 1)).policy
    const names = await actorNames(pool, [row.madeBy])
    return { ...row, madeBy: { id: row.madeBy, name: names.get(row.madeBy) ?? row.madeBy }, policy: { ...policy }, differences: diffPolicy(before, policy) }
  })

  serve(app, policies.putObject, async ({ params: { kind, id }, body, who }) => {
    if (kind !== 'settings' && body.object['id'] !== undefined && body.object['id'] !== id) {
      throw new UsherError('INVALID_INPUT', `The address says "${id}", the object's id is "${String(body.object['id'])}". An id never changes.`)
    }
    const object = kind === 'settings' ? body.object : { ...body.object, id }
    const saved = await edit(kind, id, body.revision, (policy) => withObject(policy, kind, id, object), who.actor, body.message ?? `${kind}/${id} edited`)
    return { revision: saved.revision }
  })
  serve(app, policies.deleteObject, async ({ params: { kind, id }, query, who }) => {
    if (kind === 'settings') throw new UsherError('INVALID_INPUT', 'The settings cannot be removed.')
    const { policy } = await currentRevision(pool)
    if (!objectsById(policy, kind).has(id)) throw new UsherError('NOT_FOUND', `There is no "${id}" among the ${kind}.`)
    const saved = await edit(kind, id, query.revision, (current) => withObject(current, kind, id, null), who.actor, `${kind}/${id} removed`)
    return { revision: saved.revision }
  })

  serve(app, policies.exportPolicy, async () => {
    const { revision, policy } = await currentRevision(pool)
    return { revision, files: exportPolicy(policy) }
  })
  serve(app, policies.checkPolicy, async ({ body }) => ({ problems: checkFiles(body.files, (await currentRevision(pool)).policy, describe) }))
  serve(app, policies.planPolicy, async ({ body }) => {
    const current = await currentRevision(pool)
    const { problems, differences, conflicts } = await planned(current, body)
    return { current: current.revision, problems, differences, conflicts }
  })
  serve(app, policies.applyPolicy, async ({ body, who }) => {
    const current = await currentRevision(pool)
    const { policy, problems, differences, conflicts } = await planned(current, body)
    if (conflicts.length > 0) {
      const said = conflicts.map((c) => `${c.kind}/${c.id}: ${c.message}`).join(' ')
      throw new UsherError('POLICY_MOVED', said, { conflicts, base: body.base, current: current.revision })
    }
    const errors = problems.filter((p) => p.severity === 'error')
    if (policy === null || errors.length > 0) {
      const first = errors[0]
      const place = first?.file === undefined ? '' : `${first.file}:${first.line ?? 1}:${first.column ?? 1}: `
      throw new UsherError('POLICY_INVALID', `${place}${first?.message ?? 'The files cannot be read.'}`, { problems })
    }
    if (differences.length === 0) return { revision: current.revision, differences }
    const saved = await save(current.revision, policy, who.actor, body.message)
    return { revision: saved.revision, differences }
  })

  serve(app, policies.policySchemas, () => policySchemas())
  serve(app, policies.listFunctions, () => ({
    items: [...functions, ...macros].map(({ name, signature, description, example, result }) => ({ name, signature, description, example, result: result ?? null })),
  }))
  serve(app, policies.checkExpression, ({ body }) => {
    try {
      const { reads } = compile(body.expression, body.scope)
      return { ok: true, message: null, line: null, column: null, reads: reads.map(({ variable, name }) => ({ variable, name })) }
    } catch (error) {
      if (!(error instanceof UsherError)) throw error
      const { line, column, message } = error.details
      return {
        ok: false, message: typeof message === 'string' ? message : error.message,
        line: typeof line === 'number' ? line : null, column: typeof column === 'number' ? column : null, reads: [],
      }
    }
  })

  async function planned(current: Revision, { files, base, prune }: { files: Record<string, string>; base: number; prune: boolean }) {
    const from = base === current.revision ? current : await revisionAt(pool, base)
    return planFiles({ files, base: from.policy, current: current.policy, prune, describe })
  }

  /** An edit of one object holds when that object is still as it was, whatever else changed meanwhile. */
  async function edit(kind: PolicyKind, id: string, base: number, change: (policy: Policy) => unknown, actor: string, message: string): Promise<Revision> {
    const current = await currentRevision(pool)
    if (current.revision !== base) {
      const before = objectsById((await revisionAt(pool, base)).policy, kind).get(id)
      const now_ = objectsById(current.policy, kind).get(id)
      if (canonical(before ?? null) !== canonical(now_ ?? null)) {
        throw new UsherError('POLICY_MOVED', `${kind}/${id} was changed meanwhile (revision ${current.revision}).`, { base, current: current.revision })
      }
    }
    return await save(current.revision, change(current.policy), actor, message)
  }

  async function save(base: number, document: unknown, actor: string, message: string): Promise<Revision> {
    const saved = await transaction(pool, (client) => saveRevision(client, { base, document, actor, message, now: now(), describe }))
    await note(door, actor, 'policy.changed', `policy:${saved.revision}`, { base, message })
    return saved
  }
}

/** The policy with one object put in, in the place where it was; null takes it out. */
function withObject(policy: Policy, kind: PolicyKind, id: string, object: Record<string, unknown> | null): unknown {
  if (kind === 'settings') return { ...policy, settings: object }
  const others: Record<string, unknown>[] = policy[kind]
  const at = others.findIndex((o) => o['id'] === id)
  const put = object === null ? [] : [object]
  return { ...policy, [kind]: at < 0 ? [...others, ...put] : others.toSpliced(at, 1, ...put) }
}
