/** Access exists while at least one reason for it lives; and every access and every absence can say why. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tick } from '../../src/engine/clock.ts'
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
  assert.deepEqual((await whatIsDue(w.pool, '2026-06-25T12:00:00Z', { daysBefore: [7], deletions: [] })).map((d) => [d.personId, d.at]), [[personId, '2026-06-20T12:00:00.000Z'], [personId, '2026-06-25T12:00:00.000Z']])
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

test('after a move the old access is kept as long as the role says, and not a moment after a leave', async () => {
  const own = await openWorld(server, (p) => {
    p.roles[0]!.grants[0]!.graceDays = 10
    p.roles[0]!.grants.push({ system: 'app', entitlement: 'vpn' })
  })
  try {
    const eve = { id: '3', first: 'Eve', last: 'Oz' }
    await own.day([anna, bo, eve])
    assert.deepEqual([own.members('sellers'), own.members('vpn')], [['anna.nowak', 'eve.oz'], ['anna.nowak', 'eve.oz']])
    const moved = await own.day([{ ...anna, department: 'Data' }, bo, { ...eve, end: '2026-06-14' }])
    assert.deepEqual(moved.systems, ['disable eve.oz', 'revoke anna.nowak vpn', 'revoke eve.oz sellers', 'revoke eve.oz vpn'])
    assert.deepEqual((await own.reasons('1')).filter((r) => !r.startsWith('scope')), ['rule seller ended', 'grace sellers'])
    const why = await own.engine.why(await own.person('1'))
    assert.match(why.access[0]!.reasons[0]!.says, /Sales staff.*Seller.*kept until 2026-06-25/)
    assert.deepEqual((await own.plan()).systems, [])
    own.at('2026-06-25T09:00:00Z')
    await tick(own.context)
    await own.work()
    assert.deepEqual((await own.newest()).systems, ['revoke anna.nowak sellers'])
    assert.deepEqual((await own.day([{ ...anna, department: 'Data' }, bo, { ...eve, start: '2026-06-25' }])).systems, ['enable eve.oz', 'grant eve.oz sellers', 'grant eve.oz vpn'])
  } finally {
    await own.close()
  }
})

test('a rehire brings back nothing that has no living reason', async () => {
  const own = await openWorld(server)
  try {
    await own.day([anna, bo])
    await own.engine.grant({ personId: await own.person('1'), entitlementId: await own.entitlement('vpn') }, 'ada')
    await own.work()
    await own.day([{ ...anna, end: '2026-06-14' }, bo])
    assert.deepEqual([own.members('vpn'), own.accounts()], [[], ['anna.nowak (disabled)', 'bo.ek']])
    const back = await own.day([{ ...anna, department: 'Data' }, bo])
    assert.deepEqual([back.systems, own.members('vpn'), own.members('sellers')], [['enable anna.nowak'], [], []])
  } finally {
    await own.close()
  }
})
