/** People who leave: their clocks, their receipts, and ends that a human sets. */
import type { FastifyInstance } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { headline } from '../domain/leaver.ts'
import type { ReceiptContent } from '../domain/leaver-receipt.ts'
import { symbol } from '../domain/plan.ts'
import { shortName } from '../domain/sentence.ts'
import { sealAudit } from '../engine/audit-sealer.ts'
import { describeSystem } from '../engine/describe-system.ts'
import { signReceipt } from '../engine/leaver-receipt.ts'
import { auditOfLeaver, changesOfLeaver, countLeavers, findLeaver, searchLeavers } from '../store/leaver-views.ts'
import type { LeaverChange, LeaverShown } from '../store/leaver-views.ts'
import { leavers } from './contract/index.ts'
import type { Door } from './door.ts'
import { adviceFor, lexicon } from './names.ts'
import type { Lexicon } from './names.ts'
import { serve } from './serve.ts'

export function leaverRoutes(app: FastifyInstance, door: Door): void {
  const { engine, auditKeys, context: { pool, now } } = door

  serve(app, leavers.searchLeavers, async ({ body: { personId, ...wanted } }) => {
    const [page, { running }] = await Promise.all([
      searchLeavers(pool, { ...wanted, ...(personId === undefined ? {} : { person: personId }) }), countLeavers(pool),
    ])
    return { items: await leaverRows(door, page.items), next: page.next, running }
  })
  serve(app, leavers.showLeaver, async ({ params }) => {
    const shown = await leaverOf(params.id)
    const [names, changes] = await Promise.all([lexicon(door, [shown.actor]), changesOfLeaver(pool, shown)])
    const { systems: _, gone: __, ...row } = rowOf(shown, names, now())
    return {
      ...row, receivedAt: shown.receivedAt, note: shown.note,
      plan: shown.planId === null ? null : { id: shown.planId, number: Number(shown.planNumber) },
      systems: shown.systems.map(({ systemId, code, words, ...system }) => ({
        ...system, system: names.namedSystem(systemId),
        seconds: secondsBetween(shown.startedAt, system.goneAt),
        changes: changes.filter((c) => c.systemId === systemId)
          .map((c) => ({ symbol: symbol[c.kind], kind: c.kind, says: saysChange(c, endsSessions(door, names, systemId)), state: c.state, doneAt: c.doneAt })),
        error: code === null || system.state === 'gone' ? null : { code, words: words ?? '', advice: adviceFor(code) },
        words: code === null ? words : null,
      })),
    }
  })
  serve(app, leavers.leaverReceipt, async ({ params, reply }) => {
    // So that what happened up to now has its place in the chain.
    await sealAudit(pool, auditKeys, now())
    const shown = await leaverOf(params.id)
    const [names, changes, audit] = await Promise.all([lexicon(door, [shown.actor]), changesOfLeaver(pool, shown), auditOfLeaver(pool, shown, now())])
    reply.header('content-disposition', `attachment; filename="leaver-${shown.id}.json"`)
    return `${JSON.stringify(signReceipt(contentOf(shown, changes, audit, names, now()), auditKeys), null, 2)}\n`
  })
  serve(app, leavers.endPerson, ({ params, body, who }) => engine.endPerson({ personId: params.id, ...body }, who.actor))
  serve(app, leavers.liftPersonEnd, ({ params, who }) => engine.liftPersonEnd(params.id, who.actor))

  async function leaverOf(id: string): Promise<LeaverShown> {
    const found = await findLeaver(pool, id)
    if (found === undefined) throw new UsherError('NOT_FOUND', 'There is no such leaver.')
    return found
  }
}

export async function leaverRows(door: Door, items: LeaverShown[]) {
  const names = await lexicon(door, items.map((l) => l.actor))
  const now = door.context.now()
  return items.map((l) => rowOf(l, names, now))
}

function rowOf(l: LeaverShown, names: Lexicon, now: string) {
  const managed = l.systems.filter((s) => s.state !== 'unmanaged')
  return {
    id: l.id, person: { id: l.personId, name: l.personName }, employeeId: l.employeeId, cause: l.cause, by: names.namedUser(l.actor),
    state: l.returnedAt !== null ? 'returned' as const : l.goneAt !== null ? 'gone' as const : 'running' as const,
    says: saysOf(l, names, now), effectiveAt: l.effectiveAt, startedAt: l.startedAt, goneAt: l.goneAt, returnedAt: l.returnedAt,
    seconds: secondsBetween(l.startedAt, l.goneAt), systems: managed.length, gone: managed.filter((s) => s.state === 'gone').length,
  }
}

function saysOf(l: LeaverShown, names: Lexicon, now: string): string {
  return headline({ ...l, systems: l.systems.map((s) => ({ ...s, name: names.system(s.systemId) })) }, now)
}

function secondsBetween(from: string, until: string | null): number | null {
  return until === null ? null : (Date.parse(until) - Date.parse(from)) / 1000
}

function saysChange(c: LeaverChange, endsSessions: boolean): string {
  const account = shortName(c.subject)
  if (c.kind === 'disable') return `Disable ${account}${endsSessions ? ' and end its sessions' : ''}`
  return `Take ${c.entitlement === null ? 'a membership' : shortName(c.entitlement)} from ${account}`
}

function endsSessions({ context }: Door, { policy }: Lexicon, systemId: string): boolean {
  const system = policy.systems.find((s) => s.id === systemId)
  const described = system === undefined ? undefined : describeSystem(context)(system)
  return described !== undefined && 'canEndSessions' in described && described.canEndSessions === true
}

function contentOf(l: LeaverShown, changes: LeaverChange[], audit: ReceiptContent['audit'], names: Lexicon, issuedAt: string): ReceiptContent {
  return {
    leaver: {
      id: l.id, cause: l.cause, by: names.user(l.actor), effectiveAt: l.effectiveAt, receivedAt: l.receivedAt, startedAt: l.startedAt, goneAt: l.goneAt,
      seconds: secondsBetween(l.startedAt, l.goneAt), says: saysOf(l, names, issuedAt), issuedAt,
    },
    person: { id: l.personId, name: l.personName, employeeId: l.employeeId },
    systems: l.systems.map((s) => ({
      id: s.systemId, name: names.system(s.systemId), state: s.state, accounts: s.accounts.map((a) => a.name),
      removed: changes.filter((c) => c.systemId === s.systemId && c.state === 'done')
        .map((c) => ({ what: c.kind === 'disable' ? `${c.subject} disabled` : `${c.entitlement ?? 'a membership'} taken from ${c.subject}`, at: c.doneAt })),
      goneAt: s.goneAt, seconds: secondsBetween(l.startedAt, s.goneAt), says: s.words ?? (s.state === 'gone' ? 'Seen gone.' : 'Not gone yet.'),
    })),
    audit,
  }
}
