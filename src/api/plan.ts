/** Plans and their changes. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { exportEvidence } from '../engine/evidence.ts'
import { basisOf, changesByIds, doneSince, findPlanShown, listPlans, searchChanges, searchPlanPeople } from '../store/plan-views.ts'
import type { ChangeFilter } from '../store/plan-views.ts'
import { listStuck } from '../store/stuck.ts'
import { listLeft } from '../store/undo.ts'
import { peopleOf, symbol } from '../domain/plan.ts'
import { forecastPeople, forecastReasons } from '../store/forecast.ts'
import { note } from './audit-note.ts'
import { plans } from './contract/index.ts'
import { allPages, csvStream } from './csv.ts'
import type { Door } from './door.ts'
import { actorsOfChanges, actorsOfPlans, planRows, shownBasis, shownBrake, shownChange, shownCounts, shownLeft, shownSystems } from './plan-shown.ts'
import { shownForecast } from './forecast-shown.ts'
import { adviceFor, lexicon } from './names.ts'
import { serve } from './serve.ts'

/** Over which the rate of an applying plan is measured. */
const rateSeconds = 10
/** So many people and reasons of a forecast are listed. */
const forecastMax = 1000

export function planRoutes(app: FastifyInstance, door: Door): void {
  const { engine, auditKeys, context } = door
  const { pool, now } = context

  serve(app, plans.startPlan, ({ body, who }) => engine.startPlan({ cause: 'asked for', actor: who.actor, scope: body.scope, ...(body.asOf === undefined ? {} : { asOf: body.asOf, readAnew: body.readAnew }) }))
  serve(app, plans.listPlans, async ({ query: { state, ...paging } }) => {
    const page = await listPlans(pool, { ...paging, ...(state === undefined ? {} : { states: [state] }) })
    return { items: (await planRows(door, page.items)).map(({ row }) => row), next: page.next }
  })
  serve(app, plans.showPlan, async ({ params }) => {
    const plan = await findPlanShown(pool, params.id)
    if (plan === undefined) throw new UsherError('NOT_FOUND', 'There is no such plan.')
    const since = Temporal.Instant.from(now()).subtract({ seconds: rateSeconds }).toString()
    const [[shown], names, basis, recent] = await Promise.all([
      planRows(door, [plan]), lexicon(door, actorsOfPlans([plan])), basisOf(pool, plan.basis),
      plan.state === 'applying' ? doneSince(pool, plan.id, since) : null,
    ])
    const { row, counts } = shown!
    return {
      ...row, hash: plan.hash, progress: plan.progress, basis: plan.basis,
      basedOn: [...basis.map((b) => shownBasis(b, names)), { says: `Policy revision ${plan.policyRevision}`, at: plan.asOf }],
      counts: shownCounts(counts, names), brakes: plan.brakes.map((b) => shownBrake(b, names)),
      findings: plan.findings.map((f) => ({ ...f, severity: f.severity ?? 'warning', advice: adviceFor(f.code) })),
      systems: shownSystems(counts, names, recent, rateSeconds),
      error: plan.error === null ? null : { ...plan.error, advice: adviceFor(plan.error.code) },
    }
  })
  serve(app, plans.showForecast, async ({ params }) => {
    const plan = await findPlanShown(pool, params.id)
    if (plan === undefined || plan.state !== 'forecast') throw new UsherError('NOT_FOUND', 'There is no such forecast.')
    return shownForecast(plan, await forecastPeople(pool, plan.id, forecastMax + 1), await forecastReasons(pool, plan.madeAt, plan.asOf, peopleOf(plan.scope), forecastMax + 1), await lexicon(door), forecastMax)
  })
  serve(app, plans.searchChanges, async ({ params, body }) => {
    const page = await searchChanges(pool, params.id, body)
    const names = await lexicon(door, actorsOfChanges(page.items))
    return { items: page.items.map((c) => shownChange(c, names)), next: page.next }
  })
  serve(app, plans.exportChanges, async ({ params, query, reply }) => {
    const plan = await findPlanShown(pool, params.id)
    if (plan === undefined) throw new UsherError('NOT_FOUND', 'There is no such plan.')
    reply.header('content-disposition', `attachment; filename="plan-${plan.number}.csv"`)
    return csvStream(['Change', 'Kind', 'System', 'Person', 'Account', 'Entitlement', 'Attribute', 'Before', 'After', 'Reasons', 'State', 'Error', 'Done'],
      exportedRows(plan.id, query))
  })
  serve(app, plans.exportEvidence, async ({ params, who, reply }) => {
    const lines = exportEvidence(context, auditKeys, params.id)
    // Before anything is sent, so that a plan without evidence is answered with its error.
    const start = await lines.next()
    await note(door, who.actor, 'evidence.exported', `plan:${params.id}`, {})
    reply.header('content-disposition', `attachment; filename="evidence-${params.id.slice(0, 8)}.ndjson"`)
    return Readable.from(joined(String(start.value), lines))
  })
  serve(app, plans.searchPlanPeople, async ({ params, body }) => {
    const [names, page] = await Promise.all([lexicon(door), searchPlanPeople(pool, params.id, body)])
    return {
      next: page.next,
      items: page.items.map((p) => ({
        person: { id: p.id, name: p.name },
        symbols: [...Map.groupBy(p.kinds, (k) => k.kind)].map(([kind, own]) => ({ symbol: symbol[kind], kind, count: own.reduce((n, k) => n + k.n, 0) })),
        systems: p.systems.map((id) => names.system(id)), changes: p.changes, held: p.held, failed: p.failed,
      })),
    }
  })

  serve(app, plans.approvePlan, async ({ params, body, who }) => {
    await engine.approvePlan(params.id, body.hash, who.actor)
    return {}
  })
  serve(app, plans.releaseHeld, ({ params, body, who }) => engine.releaseHeld(params.id, body.setHash, who.actor))
  serve(app, plans.undoPlan, ({ params, body, who }) => engine.undoPlan({ planId: params.id, until: body.until }, who.actor))
  serve(app, plans.listLeft, async ({ params, query }) => {
    const [names, page] = await Promise.all([lexicon(door), listLeft(pool, params.id, query)])
    return { items: page.items.map((l) => shownLeft(l, names)), next: page.next }
  })
  serve(app, plans.stopPlan, async ({ params, who }) => {
    await engine.stopPlan(params.id, who.actor)
    return {}
  })
  serve(app, plans.resumePlan, async ({ params, who }) => {
    await engine.resumePlan(params.id, who.actor)
    return {}
  })
  serve(app, plans.listStuck, async ({ query }) => {
    const page = await listStuck(pool, query)
    const changes = await changesByIds(pool, page.items)
    const names = await lexicon(door, actorsOfChanges([...changes.values()]))
    const items = page.items.flatMap(({ planId, planNumber, changeId, stuckSince }) => {
      const change = changes.get(changeId)
      return change === undefined ? [] : [{ plan: { id: planId, number: planNumber }, change: shownChange(change, names), stuckSince }]
    })
    return { items, next: page.next }
  })
  serve(app, plans.settleChange, async ({ params, body, who }) => {
    await engine.settleChange(params.id, params.changeId, body, who.actor)
    return {}
  })
  serve(app, plans.retryChange, async ({ params, who }) => {
    await engine.retryChange(params.id, params.changeId, who.actor)
    return {}
  })

  /** One row per attribute that changes, so that a spreadsheet can filter them. */
  async function* exportedRows(planId: string, filter: ChangeFilter): AsyncGenerator<unknown[]> {
    const changes = allPages((after) => searchChanges(pool, planId, { ...filter, limit: 1000, ...(after === undefined ? {} : { after }) }))
    const names = await lexicon(door)
    for await (const row of changes) {
      const c = shownChange(row, names)
      const why = c.reasons.map((r) => r.says).join('; ')
      const fields = c.fields.length > 0 ? c.fields : [{ attribute: '', before: '', after: '' }]
      for (const f of fields) {
        yield [c.id, c.kind, c.system.name, c.person?.name, c.subject, c.entitlement?.name, f.attribute, f.before, f.after, why, c.state, c.error?.words, c.doneAt]
      }
    }
  }
}

async function* joined(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}
