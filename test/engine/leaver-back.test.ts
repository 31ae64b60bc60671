/** People whom somebody or a source ended by mistake: they are back with all that they had. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { runLeavers } from '../../src/engine/leaver.ts'
import { fault, job, unfired, type World } from './plan-fixture.ts'
import { anna, openWorlds } from './worlds.ts'

const open = openWorlds()
let w: World
beforeEach(async () => {
  w = await open()
  await w.day([anna, bo])
})

const { signal } = new AbortController()
const bo = { id: '2', first: 'Bo', last: 'Ek' }

const end = async (employeeId: string) => w.engine.endPerson({ personId: await w.person(employeeId) }, 'ada')
const stateOf = async (employeeId: string) => (await w.pool.query<{ state: string }>('select state from person where id = $1', [await w.person(employeeId)])).rows[0]!.state

test('ended by mistake: lifted, they are back with what they had, also what was given by hand', async () => {
  const personId = await w.person('1')
  await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn'), until: '2026-09-01T00:00:00Z' }, 'ada')
  await w.work()
  await end('1')
  await runLeavers(w.context, signal)
  assert.deepEqual(w.members('vpn'), [])
  const { planId } = await w.engine.liftPersonEnd(personId, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(planId!)).systems, ['enable anna.nowak', 'grant anna.nowak sellers', 'grant anna.nowak vpn'])
  assert.deepEqual([await stateOf('1'), w.members('vpn'), await runLeavers(w.context, signal)], ['active', ['anna.nowak'], 0])
  await assert.rejects(w.engine.liftPersonEnd(personId, 'ada'), { code: 'NOT_FOUND' })
  const { rows } = await w.pool.query<{ until: string }>(`select max(valid_until) as until from reason where kind = 'manual' and person_id = $1`, [personId])
  assert.equal(rows[0]!.until, '2026-09-01T00:00:00.000Z')
})

test('ended by mistake: they are back with all of it also where a plan of everybody came before the lane', async () => {
  const personId = await w.person('1')
  await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  await end('1')
  await w.day([{ ...anna, department: 'Data' }, bo])
  assert.deepEqual([await stateOf('1'), w.members('vpn')], ['ended', []])
  await runLeavers(w.context, signal)
  await w.engine.liftPersonEnd(personId, 'ada')
  await w.work()
  assert.deepEqual([await stateOf('1'), w.members('vpn')], ['active', ['anna.nowak']])
})

test('ended by mistake, lifted after the clock was set back behind the end: they are back', async () => {
  const personId = await w.person('1')
  await end('1')
  await runLeavers(w.context, signal)
  w.later(-90_000)
  await w.engine.liftPersonEnd(personId, 'ada')
  await w.work()
  assert.deepEqual([await stateOf('1'), w.account('anna.nowak')!.enabled, w.members('sellers')], ['active', true, ['anna.nowak', 'bo.ek']])
})

test('ended by mistake: what the lane has not done yet where a system was away is not done any more', async () => {
  await end('1')
  w.app.reachable = false
  await runLeavers(w.context, signal)
  w.app.reachable = true
  w.at('2026-06-15T08:05:00Z')
  const { writes } = w.app
  await w.engine.liftPersonEnd(await w.person('1'), 'ada')
  await w.work()
  const { rows } = await w.pool.query<{ says: string }>(
    `select distinct c.state || ' ' || c.words as says from plan_change c join plan p on p.id = c.plan_id where p.cause = 'leaver' and c.stage = 2`)
  assert.deepEqual(rows.map((r) => r.says), ['refused The person is back by now.'])
  assert.deepEqual([w.accounts(), w.members('sellers'), w.app.writes], [['anna.nowak', 'bo.ek'], ['anna.nowak', 'bo.ek'], writes])
})

test('ended by mistake: lifted while the lane is taking them out, they are back with all of it', async () => {
  const personId = await w.person('1')
  await end('1')
  w.app.faults.push(fault('disable', 'slow', 1))
  w.app.pause = async () => {
    await w.engine.liftPersonEnd(personId, 'ada')
    await w.work()
  }
  await runLeavers(w.context, signal)
  await w.settle()
  assert.deepEqual([unfired(w), await stateOf('1'), w.accounts(), w.members('sellers')], [[], 'active', ['anna.nowak', 'bo.ek'], ['anna.nowak', 'bo.ek']])
})

test('ended by mistake of a source: what the lane took before the plan that brings them back was approved comes back, too', async () => {
  await w.setPolicy((policy) => { job(policy, 'people').method = 'approve' })
  const mistake = await w.day([{ ...anna, end: '2026-06-10' }, bo])
  w.app.reachable = false
  await w.approve(mistake)
  await runLeavers(w.context, signal)
  const back = await w.day([anna, bo])
  assert.deepEqual([back.people, back.systems], [['enable Anna Nowak planned'], []])
  w.app.reachable = true
  w.later(60_000)
  await runLeavers(w.context, signal)
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
  await w.approve(back)
  await w.settle()
  assert.deepEqual([(await w.newest()).cause, w.accounts(), w.members('sellers')], ['returned', ['anna.nowak', 'bo.ek'], ['anna.nowak', 'bo.ek']])
})

test('ended by mistake: what was given for later still begins then', async () => {
  const personId = await w.person('1')
  await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn'), from: '2026-08-01T00:00:00Z' }, 'ada')
  await w.work()
  await end('1')
  await runLeavers(w.context, signal)
  const { planId } = await w.engine.liftPersonEnd(personId, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(planId!)).systems, ['enable anna.nowak', 'grant anna.nowak sellers'])
  const { rows } = await w.pool.query<{ from: string }>(`select valid_from as from from reason where kind = 'manual' and person_id = $1 and valid_until is null`, [personId])
  assert.deepEqual(rows, [{ from: '2026-08-01T00:00:00.000Z' }])
})
