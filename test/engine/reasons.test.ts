/** Access exists while at least one reason for it lives; and every access and every absence can say why. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { whatIsDue } from '../../src/store/schedule.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
before(async () => {
  server = await startPostgres()
  w = await openWorld(server)
  await w.day([anna, bo])
})
after(async () => {
  await w.close()
  await server.stop()
})

const anna = { id: '1', first: 'Anna', last: 'Nowak' }
const bo = { id: '2', first: 'Bo', last: 'Ek', department: 'Data' }

test('a rule and a person gave the same: either may end, the access stays until both did', async () => {
  const given = await w.engine.grant({ personId: await w.person('1'), entitlementId: await w.entitlement('sellers') }, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(given.planId)).systems, [])
  assert.deepEqual((await w.day([{ ...anna, department: 'Data' }, bo])).systems, [])
  assert.deepEqual(w.members('sellers'), ['anna.nowak'])
  const { planId } = await w.engine.endReason(given.reasonId, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(planId)).systems, ['revoke anna.nowak sellers'])
})

test('what was given until an instant ends then, by itself, and extending it takes nothing away between', async () => {
  const personId = await w.person('2')
  const vpn = await w.entitlement('vpn')
  await w.engine.grant({ personId, entitlementId: vpn, until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.engine.grant({ personId, entitlementId: vpn, until: '2026-06-25T12:00:00Z' }, 'ada')
  await w.work()
  w.at('2026-06-21T00:00:00Z')
  assert.deepEqual((await w.plan()).systems, [])
  w.at('2026-06-25T12:00:00Z')
  assert.deepEqual((await whatIsDue(w.pool, '2026-06-25T12:00:00Z', [7])).map((d) => [d.personId, d.at]), [[personId, '2026-06-20T12:00:00.000Z'], [personId, '2026-06-25T12:00:00.000Z']])
  assert.deepEqual((await w.plan({ people: [personId] }, 'expiry')).systems, ['revoke bo.ek vpn'])
})

test('why and why not name the rule, the value and the cell', async () => {
  await w.day([anna, bo])
  const why = await w.engine.why(await w.person('1'))
  const [access] = why.access
  assert.deepEqual([access!.entitlement, access!.present, access!.reasons.map((r) => r.kind)], ['sellers', true, ['rule']])
  assert.match(access!.reasons[0]!.says, /Sales staff.*Seller.*department is Sales/)
  assert.deepEqual(access!.reasons[0]!.origins.flatMap((o) => o.cells.map((c) => [c.column, c.value])), [['Department', 'Sales']])
  const not = await w.engine.whyNot(await w.person('2'), { entitlementId: await w.entitlement('sellers') })
  assert.equal(not.has, false)
  assert.deepEqual(not.ways.map((way) => Object.values(way.failed?.saw ?? {})), [['Data']])
})
