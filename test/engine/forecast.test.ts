/** A forecast shows a day to come, changes nothing, can never be carried out, and the run on that day equals it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { forecastPeople, forecastReasons } from '../../src/store/forecast.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { job, openWorld, type Plan, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
before(async () => {
  server = await startPostgres()
  w = await openWorld(server, (p) => {
    Object.assign(job(p, 'users'), { method: 'approve' })
    p.roles[0]!.grants[0]!.graceDays = 30
  })
  await w.approve(await w.day(people))
  await w.engine.grant({ personId: await w.person('6'), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T00:00:00Z' }, 'ada')
  await w.engine.grant({ personId: await w.person('7'), entitlementId: await w.entitlement('vpn'), from: '2026-06-25T00:00:00Z' }, 'ada')
  await w.work()
  await w.approve(await w.plan())
})
after(async () => {
  await w.close()
  await server.stop()
})

const people = [
  { id: '1', first: 'Joiner' },
  { id: '2', first: 'Starter', start: '2026-06-28' },
  { id: '3', first: 'Leaver', end: '2026-06-20' },
  { id: '4', first: 'Parent', leaveFrom: '2026-06-18', leaveUntil: '2026-12-31' },
  { id: '5', first: 'Returner', leaveFrom: '2026-06-01', leaveUntil: '2026-06-19' },
  { id: '6', first: 'Guest', department: 'Data' },
  { id: '7', first: 'Later', department: 'Data' },
  { id: '8', first: 'Soon', start: '2026-07-04' },
]
const day = '2026-06-29T12:00:00Z'

const essence = (plan: Plan) => plan.changes.map((c) => `${c.stage} ${c.kind} ${c.subject} ${c.hash}`).toSorted()

async function forecast(): Promise<Plan> {
  const { planId } = await w.engine.startPlan({ cause: 'asked for', actor: 'ada', scope: null, asOf: day })
  await w.work()
  return await w.shown(planId)
}

const stored = async (): Promise<unknown> => (await w.pool.query(
  `select (select jsonb_agg(to_jsonb(p) order by p.id) from person p) as people, (select jsonb_agg(to_jsonb(r) order by r.id) from reason r) as reasons,
          (select jsonb_agg(to_jsonb(r) order by r.value) from reserved_name r) as names, (select jsonb_agg(to_jsonb(d) order by d.person_id) from desired_account d) as desired,
          (select count(*) from observation) as reads, (select count(*) from snapshot) as snapshots, (select count(*) from finding) as findings`)).rows[0]

test('a forecast keeps nothing but itself, and nobody can approve it', async () => {
  const [before, writes] = [await stored(), w.app.writes]
  const plan = await forecast()
  assert.deepEqual([await stored(), w.app.writes], [before, writes])
  assert.equal(plan.state, 'forecast')
  for (const act of [
    () => w.engine.approvePlan(plan.id, plan.hash, 'ada'), () => w.engine.releaseHeld(plan.id, 'x', 'ada'),
    () => w.engine.stopPlan(plan.id, 'ada'), () => w.engine.resumePlan(plan.id, 'ada'),
  ]) await assert.rejects(act(), /forecast/)
  await assert.rejects(w.pool.query(`update plan set state = 'approved' where id = $1`, [plan.id]), /a_forecast_is_never_carried_out/)
  const waiting = await w.newest()
  assert.equal(waiting.id, plan.id)
  await assert.rejects(w.engine.startPlan({ cause: 'asked for', actor: 'ada', scope: null, asOf: '2026-01-01T00:00:00Z' }), { code: 'INVALID_INPUT' })
})

test('it says who comes and goes and what ends', async () => {
  const plan = await forecast()
  const coming = (await forecastPeople(w.pool, plan.id, 100)).map((p) => `${p.name}: ${p.was} to ${p.becomes} from ${p.at?.slice(0, 10)}`)
  assert.deepEqual(coming, [
    'Parent No4: active to on-leave from 2026-06-18', 'Returner No5: on-leave to active from 2026-06-20',
    'Leaver No3: active to ended from 2026-06-21', 'Starter No2: before-start to active from 2026-06-28',
  ])
  const reasons = (await forecastReasons(w.pool, w.context.now(), day, null, 100)).map((r) => `${r.name} ${r.happens} ${r.entitlement}`)
  assert.deepEqual(reasons, ['Guest No6 ends vpn', 'Later No7 begins vpn'])
})

test('the run on that day equals the forecast, change by change', async () => {
  const plan = await forecast()
  assert.ok(plan.changes.length >= 12, essence(plan).join('\n'))
  w.at(day)
  const run = await w.plan()
  assert.deepEqual(essence(run), essence(plan))
})
