/** What is due by the clock is planned within seconds, for the people concerned alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextReading, tick } from '../../src/engine/clock.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { startPlan } from '../../src/engine/start-plan.ts'
import { appSystem, job, type World } from './plan-fixture.ts'
import { anna, bo, openWorlds } from './worlds.ts'

const open = openWorlds()

/** Reads the clock and does what follows; returns the plans that were started. */
async function look(w: World) {
  const { rows: [before] } = await w.pool.query<{ n: number }>('select coalesce(max(number), 0)::int as n from plan')
  await tick(w.context)
  await w.work()
  const { rows } = await w.pool.query<{ id: string }>('select id from plan where number > $1 order by number', [before!.n])
  return await Promise.all(rows.map((r) => w.shown(r.id)))
}

const observations = async (w: World): Promise<number> => (await w.pool.query<{ n: number }>('select count(*)::int as n from observation')).rows[0]!.n

test('the clock knows when something is due next, looks at it once, and reads no system whole', async () => {
  const w = await open()
  await w.day([anna, bo])
  const reads = await observations(w)
  const [personId, vpn] = [await w.person('2'), await w.entitlement('vpn')]
  assert.deepEqual([await look(w), await nextReading(w.context)], [[], null])
  await w.engine.grant({ personId, entitlementId: vpn, from: '2026-06-18T00:00:00Z', until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  assert.deepEqual(w.members('vpn'), [])
  assert.equal(await nextReading(w.context), '2026-06-18T00:00:00.000Z')
  w.at('2026-06-18T00:00:00Z')
  const begun = await look(w)
  assert.deepEqual(begun.map((p) => [p.cause, p.state, p.systems]), [['expiry', 'applied', ['grant bo.ek vpn']]])
  assert.deepEqual([await look(w), await nextReading(w.context)], [[], '2026-06-20T12:00:00.000Z'])
  w.at('2026-06-20T12:00:00Z')
  const ended = await look(w)
  assert.deepEqual(ended.map((p) => [p.cause, p.state, p.systems]), [['expiry', 'applied', ['revoke bo.ek vpn']]])
  const { rows: [revoke] } = await w.pool.query(`select reasons from plan_change where plan_id = $1 and kind = 'revoke'`, [ended[0]!.id])
  const [{ because, at, agreed, by }] = revoke.reasons
  assert.deepEqual([because, at, by, agreed < at], ['expired', '2026-06-20T12:00:00.000Z', 'ada', true])
  assert.deepEqual([await look(w), await observations(w)], [[], reads])
})

test('what was ended by hand was not agreed before', async () => {
  const w = await open()
  await w.day([anna, bo])
  const given = await w.engine.grant({ personId: await w.person('2'), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  const { planId } = await w.engine.endReason(given.reasonId, 'ada')
  await w.work()
  const { rows: [revoke] } = await w.pool.query(`select reasons from plan_change where plan_id = $1 and kind = 'revoke'`, [planId])
  assert.equal(revoke.reasons[0].because, 'expired')
  assert.equal(revoke.reasons[0].agreed, revoke.reasons[0].at)
  w.at('2026-06-20T12:00:00Z')
  assert.deepEqual(await look(w), [])
})

test('extending and shortening move the end; nothing is taken away and given again', async () => {
  const w = await open()
  await w.day([anna, bo])
  const { reasonId } = await w.engine.grant({ personId: await w.person('2'), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  const writes = w.app.writes
  await w.engine.changeEnd(reasonId, '2026-07-20T12:00:00Z', 'ada')
  await w.engine.changeEnd(reasonId, null, 'ada')
  await w.engine.changeEnd(reasonId, '2026-06-30T12:00:00Z', 'ada')
  await w.work()
  w.at('2026-06-20T12:00:00Z')
  assert.deepEqual([await look(w), w.app.writes, w.members('vpn')], [[], writes, ['bo.ek']])
  w.at('2026-06-30T12:00:00Z')
  assert.deepEqual((await look(w)).flatMap((p) => p.systems), ['revoke bo.ek vpn'])
  await assert.rejects(w.engine.changeEnd(reasonId, '2026-08-01T00:00:00Z', 'ada'), { code: 'NOT_FOUND' })
})

test('starting, going on leave, returning and leaving happen by date alone, also where rows wait for approval', async () => {
  const w = await open((p) => { Object.assign(job(p, 'people'), { method: 'approve' }) })
  const dated = { ...anna, start: '2026-07-01', leaveFrom: '2026-08-01', leaveUntil: '2026-08-31', end: '2026-09-30' }
  await w.approve(await w.day([dated, bo]))
  const reads = await observations(w)
  assert.deepEqual(w.accounts(), ['bo.ek'])
  const seen: [string, string[]][] = []
  for (const day of ['2026-06-24', '2026-07-01', '2026-08-01', '2026-09-01', '2026-10-01']) {
    w.at(`${day}T00:00:00Z`)
    const plans = await look(w)
    assert.deepEqual([...new Set(plans.map((p) => p.cause))], ['calendar'])
    const { rows: [person] } = await w.pool.query<{ state: string }>('select state from person where id = $1', [await w.person('1')])
    seen.push([person!.state, plans.flatMap((p) => p.systems)])
  }
  assert.deepEqual(seen, [
    ['before-start', ['create anna.nowak', 'grant anna.nowak sellers']],
    ['active', ['enable anna.nowak']],
    ['on-leave', ['disable anna.nowak']],
    ['active', ['enable anna.nowak']],
    ['ended', ['disable anna.nowak', 'revoke anna.nowak sellers']],
  ])
  assert.equal(await observations(w), reads)
})

test('what the time was to make of somebody is not done where their dates are others by now', async () => {
  const w = await open((p) => { Object.assign(job(p, 'people'), { method: 'approve' }) })
  const leaving = { ...anna, end: '2026-06-30' }
  await w.approve(await w.day([leaving, bo]))
  w.at('2026-07-01T00:00:00Z')
  const first = await w.day([leaving, { ...bo, department: 'Sales' }])
  assert.deepEqual(first.people, ['disable Anna Nowak planned', 'update Bo Ek planned'])
  await w.engine.approvePlan(first.id, first.hash, 'ada')
  await w.engine.stopPlan(first.id, 'ada')
  await w.approve(await w.day([{ ...leaving, end: '2026-12-31' }, bo]))
  await w.engine.resumePlan(first.id, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(first.id)).people, ['disable Anna Nowak refused', 'update Bo Ek'])
  const { rows: [person] } = await w.pool.query<{ state: string }>('select state from person where id = $1', [await w.person('1')])
  assert.deepEqual([person!.state, w.account('anna.nowak')!.enabled], ['active', true])
})

test('a leave that keeps the account changes nothing in the system', async () => {
  const w = await open((p) => { Object.assign(job(p, 'users'), { lifecycle: { createDaysBefore: 7, onLeave: 'keep', deleteAfterDays: null } }) })
  await w.day([{ ...anna, leaveFrom: '2026-06-20', leaveUntil: '2026-06-25' }, bo])
  const writes = w.app.writes
  for (const day of ['2026-06-20', '2026-06-26']) {
    w.at(`${day}T00:00:00Z`)
    assert.deepEqual((await look(w)).flatMap((p) => [...p.people, ...p.systems]), ['update Anna Nowak'])
  }
  assert.equal(w.app.writes, writes)
})

test('many whose reasons end in the same minute are planned together; those of the next minute stay', async () => {
  const w = await open((p) => { appSystem(p).brakes = { revoke: { count: 0 } } })
  const count = 1101
  await w.day(Array.from({ length: count }, (_, i) => ({ id: String(i + 1), department: 'Data' })))
  await w.pool.query(
    `insert into reason (person_id, kind, entitlement_id, policy_revision, valid_from, valid_until, until_agreed_at, made_by, made_at)
     select id, 'manual', $1, 1, $2, '2026-06-20T12:00:00Z'::timestamptz + case when n = 1 then interval '70 seconds' else n * interval '50 milliseconds' end, $2, 'ada', $2
       from (select id, row_number() over (order by id) as n from person) p`,
    [await w.entitlement('vpn'), w.context.now()])
  await w.plan()
  assert.equal(w.members('vpn').length, count)
  w.at('2026-06-20T12:00:59Z')
  const plans = await look(w)
  assert.deepEqual(plans.map((p) => [p.state, p.systems.length]), [['applied', 1000], ['applied', 100]])
  assert.equal(w.members('vpn').length, 1)
})

test('while many of its plans wait to be computed, what becomes due goes together into the next one', async () => {
  const w = await open()
  await w.day([anna, bo])
  await w.engine.grant({ personId: await w.person('2'), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  w.at('2026-06-20T12:00:01Z')
  const waiting = await Promise.all([1, 2, 3, 4].map(() => startPlan(w.context, { cause: 'expiry', actor: 'usher', scope: { people: [] } })))
  w.queued.length = 0
  assert.deepEqual(await look(w), [])
  assert.equal(Date.parse((await nextReading(w.context))!) - Date.parse(w.context.now()) < 1000, true)
  await w.pool.query(`update plan set state = 'empty' where id = $1`, [waiting[0]!.planId])
  assert.deepEqual((await look(w)).flatMap((p) => p.systems), ['revoke bo.ek vpn'])
})

test('an account whose grace is over is deleted at its moment, by the job\'s method and behind its brakes; one that is wanted again is not', async () => {
  const w = await open()
  await w.day([anna, bo, { id: '3', first: 'Cy', last: 'Low' }])
  w.at('2026-06-20T12:00:00Z')
  for (const id of ['1', '3']) await w.engine.endPerson({ personId: await w.person(id) }, 'ada')
  await runLeavers(w.context, new AbortController().signal)
  await w.work()
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek', 'cy.low (disabled)'])
  const due = (await nextReading(w.context))!
  assert.equal(due.slice(0, 16), '2026-07-20T12:00')
  w.at('2026-07-10T12:00:00Z')
  assert.deepEqual(await look(w), [])
  await w.engine.liftPersonEnd(await w.person('3'), 'ada')
  await w.work()
  const reads = await observations(w)
  w.at('2026-07-20T12:01:00Z')
  const plans = await look(w)
  assert.deepEqual(plans.map((p) => [p.cause, p.state, p.systems]), [['grace over', 'applied', ['delete anna.nowak']]])
  assert.deepEqual([w.accounts(), await look(w), await observations(w)], [['bo.ek', 'cy.low'], [], reads])
})

test('deletions by the clock wait for the brake, and for an operator where the job says so', async () => {
  const w = await open((p) => { appSystem(p).brakes = { delete: { count: 0 } } })
  await w.day([anna, bo])
  await w.engine.endPerson({ personId: await w.person('1') }, 'ada')
  await runLeavers(w.context, new AbortController().signal)
  w.at('2026-07-20T12:00:00Z')
  assert.deepEqual((await look(w)).map((p) => [p.cause, p.state]), [['grace over', 'held']])
  await w.setPolicy((p) => { Object.assign(appSystem(p), { brakes: {}, method: 'approve' }) })
  await w.engine.endPerson({ personId: await w.person('2') }, 'ada')
  await runLeavers(w.context, new AbortController().signal)
  w.at('2026-08-25T12:00:00Z')
  assert.deepEqual((await look(w)).map((p) => [p.cause, p.state]), [['grace over', 'open']])
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek (disabled)'])
})

test('a plan that failed is made again after a while', async () => {
  const w = await open()
  await w.day([anna, bo])
  await w.engine.grant({ personId: await w.person('2'), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  w.at('2026-06-20T12:00:00Z')
  await tick(w.context)
  await w.pool.query(`update plan set state = 'failed' where id = (select plan_id from noticed)`)
  w.queued.length = 0
  assert.deepEqual(await look(w), [])
  w.at('2026-06-20T12:11:00Z')
  assert.deepEqual((await look(w)).flatMap((p) => p.systems), ['revoke bo.ek vpn'])
})
