/** Drift, exceptions and accounts of nobody. */
import type { FastifyInstance } from 'fastify'
import { driftSentence, exceptionSentence, traceSentence } from '../domain/drift-words.ts'
import { shortName, text } from '../domain/sentence.ts'
import { countDrift, listExceptions, searchDrift, type DriftShown, type ExceptionShown } from '../store/drift-views.ts'
import { searchOrphans, type OrphanShown } from '../store/orphan.ts'
import { drifts } from './contract/index.ts'
import { allPages, csvStream } from './csv.ts'
import type { Door } from './door.ts'
import { lexicon, namedPerson, type Lexicon } from './names.ts'
import { serve } from './serve.ts'

export function driftRoutes(app: FastifyInstance, door: Door): void {
  const { engine, context: { pool, now } } = door

  serve(app, drifts.searchDrift, async ({ body }) => {
    const [page, total] = await Promise.all([searchDrift(pool, body), countDrift(pool, body)])
    const names = await lexicon(door, page.items.map((d) => d.settledBy))
    return { items: page.items.map((d) => shownDrift(d, names)), next: page.next, total }
  })
  serve(app, drifts.exportDrift, async ({ query, reply }) => {
    reply.header('content-disposition', 'attachment; filename="drift.csv"')
    const names = await lexicon(door)
    const rows = allPages((after) => searchDrift(pool, { ...query, limit: 1000, after }))
    return csvStream(['System', 'Person', 'Account', 'Kind', 'Thing', 'Was', 'Is', 'Last right', 'First seen', 'Changed by', 'Changed at', 'Settled', 'How'], (async function* cells() {
      for await (const d of rows) {
        yield [names.system(d.systemId), d.personName, d.account, d.kind, d.attribute ?? d.entitlement ?? d.thing, text(d.was), text(d.isNow), d.lastRightAt, d.firstSeenAt, d.trace?.by ?? null, d.trace?.at ?? null, d.settledAt, d.settledHow]
      }
    })())
  })
  serve(app, drifts.putBackDrift, ({ body, who }) => engine.putBackDrift(body.ids, who.actor))
  serve(app, drifts.adoptDrift, async ({ body, who }) => {
    await engine.adoptDrift(body.ids, body.note, who.actor)
    return {}
  })
  serve(app, drifts.leaveDrift, async ({ body, who }) => {
    await engine.leaveDrift(body.ids, body.until, body.note, who.actor)
    return {}
  })
  serve(app, drifts.listExceptions, async ({ query }) => {
    const page = await listExceptions(pool, { ...query, now: now() })
    const names = await lexicon(door, page.items.map((x) => x.by))
    return { items: page.items.map((x) => shownException(x, names)), next: page.next }
  })
  serve(app, drifts.endException, ({ params, who }) => engine.endException(params.id, who.actor))

  serve(app, drifts.searchOrphans, async ({ body }) => {
    const page = await searchOrphans(pool, { ...body, now: now() })
    const names = await lexicon(door, page.items.flatMap((o) => o.marks.map((m) => m.by)))
    return { items: page.items.map((o) => shownOrphan(o, names)), next: page.next }
  })
  serve(app, drifts.exportOrphans, async ({ query, reply }) => {
    reply.header('content-disposition', 'attachment; filename="orphans.csv"')
    const names = await lexicon(door)
    const rows = allPages((after) => searchOrphans(pool, { ...query, now: now(), limit: 1000, after }))
    return csvStream(['System', 'Account', 'Id', 'Type', 'Enabled', 'Entitlements', 'Person', 'Owner', 'Note', 'Seen'], (async function* cells() {
      for await (const o of rows) {
        yield [names.system(o.systemId), o.name, o.nativeId, o.objectType, o.enabled, o.entitlements, o.personName, o.marks.map((m) => m.owner).join(', '), o.marks.map((m) => m.note).join('; '), o.seenAt]
      }
    })())
  })
  serve(app, drifts.linkOrphan, ({ params, body, who }) => engine.linkAccount({ accountId: params.id, ...body }, who.actor))
  serve(app, drifts.markOrphan, async ({ params, body, who }) => {
    await engine.markAccount({ accountId: params.id, ...body }, who.actor)
    return {}
  })
  serve(app, drifts.unmarkOrphan, async ({ params, body, who }) => {
    await engine.unmarkAccount(params.id, body.kind, who.actor)
    return {}
  })
  serve(app, drifts.protectOrphan, async ({ params, who }) => {
    await engine.protectAccount(params.id, who.actor)
    return {}
  })
}

const planOf = (id: string | null, number: number | null) => (id === null || number === null ? null : { id, number })

function shownDrift(d: DriftShown, names: Lexicon) {
  const { id, kind, thing, attribute, was, isNow, lastRightAt, firstSeenAt, lastSeenAt } = d
  return {
    id, kind, thing, attribute, was, isNow, lastRightAt, firstSeenAt, lastSeenAt, says: driftSentence(d),
    system: names.namedSystem(d.systemId), person: namedPerson(d.personId, d.personName)!, account: { id: d.accountId, name: shortName(d.account) },
    entitlement: d.entitlementId === null ? null : { id: d.entitlementId, name: shortName(d.entitlement ?? '') },
    trace: d.trace === null ? null : { says: traceSentence(d.trace), at: d.trace.at ?? null, by: d.trace.by ?? null },
    settled: d.settledAt === null ? null
      : { how: d.settledHow as 'put-back', at: d.settledAt, by: d.settledBy === null ? null : names.namedUser(d.settledBy), plan: planOf(d.planId, d.planNumber) },
  }
}

function shownException(x: ExceptionShown, names: Lexicon) {
  const { id, thing, from, until, note } = x
  return {
    id, thing, from, until, note, says: exceptionSentence(x), system: names.namedSystem(x.systemId), person: namedPerson(x.personId, x.personName)!,
    by: names.namedUser(x.by), plan: planOf(x.planId, x.planNumber),
  }
}

function shownOrphan(o: OrphanShown, names: Lexicon) {
  const { systemId, personId, personName, marks, ...rest } = o
  return {
    ...rest, system: names.namedSystem(systemId), person: namedPerson(personId, personName),
    marks: marks.map(({ kind, ownerId, owner, note, until, by, at }) => ({ kind, owner: namedPerson(ownerId, owner), note, until, by: names.namedUser(by), at })),
  }
}
