/** People who leave: ended by hand, by date and by a source; out of every system, ahead of other plans. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { addRecord } from '../../src/connectors/memory/memory-world.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { applyPlan } from '../../src/engine/apply-plan.ts'
import { approveAutomatic, startPlan } from '../../src/engine/start-plan.ts'
import { computePlan } from '../../src/engine/compute-plan.ts'
import { insertManualReason } from '../../src/store/reason.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { appSystem, fault, job, openWorld, unfired, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
before(async () => { server = await startPostgres() })
after(async () => { await server.stop() })
beforeEach(async () => {
  w = await openWorld(server)
  await w.day([anna, bo])
})
afterEach(async () => { await w.close() })

const { signal } = new AbortController()
const anna = { id: '1', first: 'Anna', last: 'Nowak' }
const bo = { id: '2', first: 'Bo', last: 'Ek' }

interface Clock { state: string; gone: boolean; plan: string | null; systems: string[]; words: (string | null)[]; next: string | null; ms: number | null }

async function clockOf(employeeId: string): Promise<Clock> {
  const { rows: [row] } = await w.pool.query<Clock>(
    `select coalesce((select state from plan where id = l.plan_id), '-') as state, l.gone_at is not null as gone, l.plan_id as plan, l.look_at as next,
            extract(epoch from l.gone_at - l.started_at) * 1000 as ms,
            array(select system_id || ' ' || state from leaver_system s where s.leaver_id = l.id order by 1) as systems,
            array(select words from leaver_system s where s.leaver_id = l.id order by system_id) as words
       from leaver l where person_id = $1 order by started_at desc limit 1`, [await w.person(employeeId)])
  return row!
}
const end = async (employeeId: string, at?: string) => w.engine.endPerson({ personId: await w.person(employeeId), ...(at === undefined ? {} : { at }) }, 'ada')
const stateOf = async (employeeId: string) => (await w.pool.query<{ state: string }>('select state from person where id = $1', [await w.person(employeeId)])).rows[0]!.state

test('ended by hand: sessions, account and memberships go at once, by a plan of their own, and are seen gone', async () => {
  w.app.sessions.set(w.account('anna.nowak')!.id, 2)
  const { leaverId } = await end('1')
  assert.ok(leaverId)
  await runLeavers(w.context, signal)
  assert.deepEqual([w.accounts(), w.members('sellers'), w.app.sessions.size], [['anna.nowak (disabled)', 'bo.ek'], ['bo.ek'], 0])
  const clock = await clockOf('1')
  assert.deepEqual([clock.gone, clock.systems, clock.next], [true, ['app gone'], null])
  assert.ok(clock.ms! >= 0)
  const plan = await w.shown(clock.plan!)
  assert.deepEqual([plan.cause, plan.state, plan.people, plan.systems], ['leaver', 'applied', ['disable Anna Nowak'], ['disable anna.nowak', 'revoke anna.nowak sellers']])
  assert.equal(await runLeavers(w.context, signal), 0)
})

test('what the source still says does not bring them back, a position that starts later does, with living reasons only', async () => {
  await w.engine.grant({ personId: await w.person('1'), entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  await end('1')
  await runLeavers(w.context, signal)
  for (const row of [anna, { ...anna, department: 'Data' }, { ...anna, last: 'Nova' }]) {
    assert.deepEqual((await w.day([row, bo])).systems, [])
    assert.equal(await stateOf('1'), 'ended')
  }
  const again = await w.day([{ ...anna, start: '2026-06-14' }, bo])
  assert.deepEqual(again.systems, [])
  w.at('2026-06-20T00:00:00Z')
  const hired = await w.day([{ ...anna, start: '2026-06-19' }, bo])
  assert.deepEqual(hired.systems, ['enable anna.nowak', 'grant anna.nowak sellers'])
  assert.deepEqual(w.members('vpn'), [])
  // Their clock no longer counts; the next end starts another.
  await end('1')
  await runLeavers(w.context, signal)
  assert.deepEqual([w.accounts(), (await clockOf('1')).gone], [['anna.nowak (disabled)', 'bo.ek'], true])
})

test('an end to come waits for its instant, and can be taken back before', async () => {
  assert.equal((await end('1', '2026-06-20T12:00:00Z')).leaverId, null)
  await end('1', '2026-06-18T12:00:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual((await w.day([anna, bo])).systems, [])
  assert.equal(await stateOf('1'), 'active')
  w.at('2026-06-18T12:00:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])

  await end('2', '2026-06-25T12:00:00Z')
  assert.deepEqual(await w.engine.liftPersonEnd(await w.person('2'), 'ada'), { planId: null })
  w.at('2026-06-26T12:00:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
})

test('what waits to be tried again is not done for somebody who was ended meanwhile, before the lane comes to them', async () => {
  w.app.faults = [{ operation: 'create', effect: 'busy', fired: 0 }]
  const plan = await w.day([anna, bo, { id: '3' }])
  w.app.faults = []
  await end('3')
  w.later(60_000)
  await w.settle()
  const [create] = (await w.shown(plan.id)).changes.filter((c) => c.stage === 2 && c.kind === 'create')
  assert.deepEqual([create!.state, create!.code, w.accounts()], ['refused', 'CHANGE_DIFFERS', ['anna.nowak', 'bo.ek']])
})

test('what a plan meant for somebody whom it knew here is refused once the lane has ended them', async () => {
  await w.hr([{ ...anna, department: 'Data' }, bo])
  const { planId } = await startPlan(w.context, { cause: 'test', actor: 'ada', scope: null })
  await computePlan(w.context, planId, signal)
  await approveAutomatic(w.context, planId)
  await end('1')
  await runLeavers(w.context, signal)
  await applyPlan(w.context, planId, signal)
  assert.deepEqual([(await w.shown(planId)).people, await stateOf('1')], [['update Anna Nowak refused'], 'ended'])
})

test('nobody is ended who has no position at that instant', async () => {
  await w.day([anna, bo, { id: '3', start: '2026-07-01' }])
  await assert.rejects(end('3'), /Ada No3 has no position that lives at/)
  await end('3', '2026-07-05T00:00:00Z')
})

test('a date that comes ends people without a plan of everything; the account stays for as long as it is kept', async () => {
  await w.day([{ ...anna, end: '2026-06-16' }, { id: '3', end: '2026-06-16' }, bo])
  w.at('2026-06-17T00:00:00Z')
  const reads = w.app.calls.read
  await runLeavers(w.context, signal)
  assert.deepEqual(w.accounts(), ['ada.no3 (disabled)', 'anna.nowak (disabled)', 'bo.ek'])
  assert.equal(w.app.calls.read, reads)
  const { rows: [row] } = await w.pool.query<{ n: number; plans: number; at: string }>(
    'select count(*)::int as n, count(distinct plan_id)::int as plans, min(started_at) as at from leaver')
  assert.deepEqual(row, { n: 2, plans: 1, at: '2026-06-17T00:00:00.000Z' })
  assert.deepEqual((await w.plan()).systems, [])
})

test('dates that a source brought forward for many people wait for the brake; those known from the start go', async () => {
  const many = Array.from({ length: 12 }, (_, i) => ({ id: `9${i}`, end: i < 2 ? '2026-06-20' : '' }))
  await w.day([anna, bo, ...many])
  await w.day([anna, bo, ...many.map((p) => ({ ...p, end: '2026-06-20' }))])
  w.at('2026-06-21T00:00:00Z')
  await runLeavers(w.context, signal)
  assert.equal(w.accounts().filter((a) => a.endsWith('(disabled)')).length, 2)
  const calendar = await w.plan()
  assert.equal(calendar.state, 'held')
  assert.equal(calendar.people.length, 10)
})

test('an import ends somebody: the lane takes over from the plan, and the plan does nothing twice', async () => {
  await w.hr([{ ...anna, end: '2026-06-01' }, bo])
  const { planId } = await startPlan(w.context, { cause: 'test', actor: 'ada', scope: null })
  await computePlan(w.context, planId, signal)
  await approveAutomatic(w.context, planId)
  // The lane runs when the people of the plan are written, and its systems are not.
  await w.pool.query(`select set_config('search_path', 'usher', false)`)
  const stop = new AbortController()
  const fault = { operation: 'disable' as const, effect: 'slow' as const, fired: 0 }
  w.app.faults.push(fault)
  const applying = applyPlan(w.context, planId, stop.signal)
  for (let tries = 0; tries < 10_000 && await stateOf('1') !== 'ended'; tries++) await new Promise((resolve) => setTimeout(resolve, 2))
  await runLeavers(w.context, signal)
  await applying
  await runLeavers(w.context, signal)
  w.at('2026-06-15T09:00:00Z')
  await runLeavers(w.context, signal)
  const clock = await clockOf('1')
  assert.deepEqual([clock.gone, w.accounts(), w.members('sellers')], [true, ['anna.nowak (disabled)', 'bo.ek'], ['bo.ek']])
  const writes = w.app.calls.disable! + w.app.calls.revoke!
  await w.plan()
  assert.equal(w.app.calls.disable! + w.app.calls.revoke!, writes)
})

test('what an older plan still meant to do for them is refused', async () => {
  await w.setPolicy((policy) => { appSystem(policy).method = 'approve' })
  const plan = await w.day([{ ...anna, leaveFrom: '2026-06-01', leaveUntil: '2026-07-01' }, { ...bo, last: 'Eks' }])
  await w.engine.approvePlan(plan.id, plan.hash, 'ada')
  await w.work()
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
  w.at('2026-07-02T00:00:00Z')
  const back = await w.day([anna, bo])
  assert.ok(back.systems.includes('enable anna.nowak planned'), back.systems.join())
  await end('1')
  await runLeavers(w.context, signal)
  await w.approve(back)
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
})

test('an approve system goes along unless it says otherwise; an observed one is not managed', async () => {
  await w.setPolicy((policy) => { appSystem(policy).method = 'approve' })
  await end('1')
  await runLeavers(w.context, signal)
  assert.deepEqual([w.accounts(), (await clockOf('1')).gone], [['anna.nowak (disabled)', 'bo.ek'], true])

  await w.setPolicy((policy) => { Object.assign(appSystem(policy), { leavers: 'approve' }) })
  await end('2')
  await runLeavers(w.context, signal)
  const waiting = await clockOf('2')
  assert.deepEqual([waiting.gone, waiting.state, waiting.systems], [false, 'open', ['app waits']])
  assert.equal(await stateOf('2'), 'ended')
  await w.approve(await w.shown(waiting.plan!))
  w.at('2026-06-15T09:00:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual([w.accounts(), (await clockOf('2')).gone], [['anna.nowak (disabled)', 'bo.ek (disabled)'], true])

  await w.day([anna, bo, { id: '3' }])
  await w.work()
  await w.setPolicy((policy) => { appSystem(policy).method = 'automatic' })
  await w.day([anna, bo, { id: '3' }])
  await w.setPolicy((policy) => { job(policy, 'users').method = 'observe' })
  await end('3')
  await runLeavers(w.context, signal)
  const observed = await clockOf('3')
  assert.deepEqual([observed.systems, observed.words], [['app unmanaged'], ['Usher only observes this system: not managed here.']])
  assert.ok(w.accounts().includes('ada.no3'))
})

test('a system that is away: the clock runs, an alarm is raised, and it ends by itself', async () => {
  await end('1')
  w.app.reachable = false
  await runLeavers(w.context, signal)
  const clock = await clockOf('1')
  assert.deepEqual([clock.gone, clock.systems], [false, ['app to-do']])
  assert.ok(clock.words[0] !== null)
  const alarms = async () => (await w.pool.query<{ message: string; open: boolean }>(
    `select message, resolved_at is null as open from finding where code = 'LEAVER_OVERDUE'`)).rows
  assert.deepEqual(await alarms(), [])
  w.at('2026-06-15T08:05:00Z')
  await runLeavers(w.context, signal)
  assert.match((await alarms())[0]!.message, /^Anna Nowak left more than 60 seconds ago and is not gone from App \(.+\)\.$/)
  await w.plan()
  assert.equal((await alarms())[0]!.open, true)
  w.app.reachable = true
  w.at('2026-06-15T08:10:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual([(await clockOf('1')).gone, (await alarms()).map((a) => a.open), w.accounts()], [true, [false], ['anna.nowak (disabled)', 'bo.ek']])
})

test('somebody enables the account while it is being looked at: it is taken away again', async () => {
  await end('1')
  w.app.faults.push({ operation: 'revoke', attempt: 1, effect: 'disconnect', fired: 0 })
  await runLeavers(w.context, signal)
  assert.equal((await clockOf('1')).gone, false)
  w.account('anna.nowak')!.enabled = true
  for (let i = 0; i < 4; i++) {
    w.at(`2026-06-15T08:0${i + 1}:00Z`)
    await runLeavers(w.context, signal)
  }
  assert.deepEqual([w.accounts(), w.members('sellers'), (await clockOf('1')).gone], [['anna.nowak (disabled)', 'bo.ek'], ['bo.ek'], true])
})

test('somebody enables the account, and a plan that nobody approved means to disable it as well: the lane does not wait for that', async () => {
  await w.setPolicy((policy) => { appSystem(policy).method = 'approve' })
  const plan = await w.day([{ ...anna, end: '2026-06-10' }, bo])
  assert.deepEqual([plan.state, plan.systems], ['open', ['disable anna.nowak planned', 'revoke anna.nowak sellers planned']])
  w.app.faults.push(fault('revoke', 'disconnect', 1))
  await runLeavers(w.context, signal)
  w.account('anna.nowak')!.enabled = true
  for (let i = 0; i < 4; i++) {
    w.later(60_000)
    await runLeavers(w.context, signal)
  }
  assert.deepEqual([unfired(w), w.accounts(), (await clockOf('1')).gone], [[], ['anna.nowak (disabled)', 'bo.ek'], true])
})

test('an account that was linked while its system was away, and they left meanwhile: it goes by the lane, and only then they are gone', async () => {
  await w.setPolicy((policy) => {
    policy.systems.push({ ...structuredClone(appSystem(policy)), id: 'other', name: 'Other', config: { system: 'other' }, method: 'approve' })
    policy.jobs.push({ ...structuredClone(job(policy, 'users')), id: 'others', destination: 'other', scope: 'false' } as Policy['jobs'][number])
  })
  const admins = addRecord(w.other, { objectType: 'group', name: 'admins', attributes: { name: 'admins' }, enabled: true })
  const found = addRecord(w.other, { objectType: 'user', name: 'a.admin', attributes: { name: 'a.admin' }, enabled: true })
  w.other.members.set(admins.id, new Set([found.id]))
  await w.plan()
  const personId = await w.person('1')
  const { rows: [account] } = await w.pool.query<{ id: string }>(`select id from account where name = 'a.admin'`)
  const { planId } = await w.engine.linkAccount({ accountId: account!.id, personId }, 'ada')
  await w.work()
  w.other.reachable = false
  await w.approve(await w.shown(planId))
  await end('1')
  await runLeavers(w.context, signal)
  const { rows: [first] } = await w.pool.query<{ at: string }>(`select gone_at as at from leaver_system where system_id = 'app'`)
  w.other.reachable = true
  w.later(60_000)
  await w.settle()
  assert.equal((await clockOf('1')).gone, false)
  await runLeavers(w.context, signal)
  const clock = await clockOf('1')
  assert.deepEqual([found.enabled, [...w.other.members.get(admins.id)!], clock.gone, clock.systems], [false, [], true, ['app gone', 'other gone']])
  // How long the other systems took stays as it was measured.
  assert.deepEqual((await w.pool.query(`select gone_at as at from leaver_system where system_id = 'app'`)).rows, [first])
  assert.ok((await w.reasons('1')).every((reason) => reason.endsWith(' ended')))
})

test('what a system refused and somebody did there by hand is looked at once they say so, and the clock stops at what was seen', async () => {
  w.app.faults.push(fault('disable', 'refuse', 1))
  await end('1')
  await runLeavers(w.context, signal)
  const { rows: [stuck] } = await w.pool.query<{ plan: string; id: string }>(`select plan_id as plan, id from plan_change where state = 'stuck'`)
  w.at('2026-06-15T09:00:00Z')
  w.account('anna.nowak')!.enabled = false
  await w.engine.settleChange(stuck!.plan, stuck!.id, { how: 'by-hand', note: '' }, 'ada')
  w.later(10_000)
  await runLeavers(w.context, signal)
  const clock = await clockOf('1')
  assert.deepEqual([unfired(w), clock.gone, clock.systems], [[], true, ['app gone']])
  assert.ok(clock.ms! >= 3_600_000, `${clock.ms} ms`)
})

test('what is given at the moment they leave ends with them, and does not wait for their return', async () => {
  const personId = await w.person('1')
  const entitlementId = await w.entitlement('vpn')
  const client = await w.pool.connect()
  await client.query('begin')
  await insertManualReason(client, { personId, entitlementId, revision: 1, actor: 'ada', now: w.context.now() })
  let over = false
  const leaving = end('1').then(() => runLeavers(w.context, signal)).finally(() => { over = true })
  const waits = async () => (await w.pool.query('select from pg_locks where not granted')).rows.length > 0
  while (!over && !await waits()) await new Promise((resolve) => setTimeout(resolve, 5))
  await client.query('commit')
  client.release()
  await leaving
  assert.deepEqual((await w.reasons('1')).filter((reason) => !reason.endsWith(' ended')), [])
})
