/** The audit log: read, verified, taken away. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { exportAudit, verifyAudit } from '../engine/audit-sealer.ts'
import { listAudit } from '../store/audit-views.ts'
import type { AuditShown } from '../store/audit-views.ts'
import { personNames } from '../store/person-views.ts'
import { planNumbers } from '../store/plan-views.ts'
import { note } from './audit-note.ts'
import { work } from './contract/index.ts'
import type { Door } from './door.ts'
import { lexicon } from './names.ts'
import type { Lexicon } from './names.ts'
import { serve } from './serve.ts'

export function auditRoutes(app: FastifyInstance, door: Door): void {
  const { auditKeys, context: { pool, now } } = door

  serve(app, work.listAudit, async ({ query }) => {
    const page = await listAudit(pool, query)
    const subject = subjects(page.items)
    const [names, people, plans] = await Promise.all([
      lexicon(door, [...page.items.map((r) => r.actor), ...subject('user'), ...subject('token').map((id) => `token:${id}`)]),
      personNames(pool, subject('person').filter((id) => /^[0-9a-f-]{36}$/.test(id))),
      planNumbers(pool, subject('plan').filter((id) => /^[0-9a-f-]{36}$/.test(id))),
    ])
    return {
      next: page.next,
      items: page.items.map((row) => ({
        ...row, actor: names.namedUser(row.actor),
        says: `${names.user(row.actor)}: ${row.action.replace(/^change\./, '').replaceAll(/[.-]/g, ' ')}, ${wordsFor(row.subject, names, people, plans)}.`,
      })),
    }
  })
  serve(app, work.verifyAudit, () => verifyAudit(pool, auditKeys))
  serve(app, work.exportAudit, async ({ who, reply }) => {
    await note(door, who.actor, 'audit.exported', 'audit', {})
    reply.header('content-disposition', `attachment; filename="audit-${now().slice(0, 10)}.ndjson"`)
    return Readable.from(exportAudit(pool, auditKeys, now()))
  })
}

function subjects(rows: AuditShown[]): (kind: string) => string[] {
  return (kind) => rows.flatMap(({ subject }) => (subject.startsWith(`${kind}:`) ? [subject.slice(kind.length + 1)] : []))
}

function wordsFor(subject: string, names: Lexicon, people: Map<string, string>, plans: Map<string, number>): string {
  const [kind, id] = [subject.slice(0, subject.indexOf(':')), subject.slice(subject.indexOf(':') + 1)]
  switch (kind) {
    case 'person': return people.get(id) ?? 'somebody who is no longer known'
    case 'user': return names.user(id)
    case 'token': return names.user(`token:${id}`)
    case 'plan': return `plan ${plans.get(id) ?? id}`
    case 'policy': return `policy revision ${id}`
    case 'system': return names.system(id)
    default: return subject
  }
}
