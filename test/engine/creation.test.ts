/** Accounts made, by names that others have or had, and what comes of it where a creation is not seen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computePlan } from '../../src/engine/compute-plan.ts'
import { approveAutomatic } from '../../src/engine/start-plan.ts'
import { appSystem, fault, job, unfired } from './plan-fixture.ts'
import { anna, bo, cy, openWorlds } from './worlds.ts'

const open = openWorlds()

test('a name that is taken by a record of nobody is adopted only where a match rule says so', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day([anna, bo])
  w.add('anna.nowak', { personId: 'of somebody else' })
  w.add('bo.ek', { personId: '2' })
  w.join('vpn', 'bo.ek')
  const applied = await w.approve(plan)
  assert.deepEqual(applied.systems, ['create anna.nowak stuck', 'create bo.ek stuck', 'grant anna.nowak sellers skipped'])
  assert.deepEqual(applied.changes.filter((c) => c.kind === 'create' && c.stage === 2).map((c) => c.code), ['ALREADY_EXISTS', 'CHANGE_CONTRADICTED'])
  assert.deepEqual(await w.reasons('2'), ['scope users', 'found vpn'])
  const next = await w.plan()
  assert.deepEqual(next.systems, ['create anna.nowak2 planned', 'update bo.ek planned', 'grant anna.nowak2 sellers planned'])
  assert.deepEqual(w.accounts(), ['anna.nowak', 'bo.ek'])
})

test('an answer that was lost after success makes nothing twice', async () => {
  const w = await open()
  w.app.faults = [fault('create', 'lose-answer', 1), fault('grant', 'lose-answer', 1)]
  const plan = await w.day([anna])
  await w.settle()
  assert.deepEqual([unfired(w), (await w.shown(plan.id)).systems], [[], ['create anna.nowak', 'grant anna.nowak sellers']])
  assert.deepEqual([w.accounts(), w.members('sellers'), w.app.writes], [['anna.nowak'], ['anna.nowak'], 2])
  w.app.faults = [fault('update', 'lose-answer', 1), fault('disable', 'lose-answer', 1), fault('revoke', 'lose-answer', 1), fault('delete', 'lose-answer', 1)]
  await w.day([{ ...anna, last: 'Ek' }])
  await w.settle()
  await w.day([{ ...anna, last: 'Ek', end: '2026-06-14' }])
  await w.settle()
  w.days(31)
  await w.plan()
  await w.settle()
  assert.deepEqual([unfired(w), w.accounts(), w.app.writes], [[], [], 6])
  assert.deepEqual((await w.plan()).systems, [])
})

test('who came by one plan has their account, and not whom another plan meant for the same row', async () => {
  const w = await open()
  await w.hr([anna])
  const plans: string[] = []
  for (let n = 0; n < 2; n++) {
    const { planId } = await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
    await computePlan(w.context, planId, new AbortController().signal)
    await approveAutomatic(w.context, planId)
    plans.push(planId)
  }
  // A worker of the second one was killed before it wrote anything.
  await w.pool.query(`update plan_change set attempts = 1 where plan_id = $1 and stage = 2 and kind = 'create'`, [plans[1]])
  await w.work()
  const [first, second] = [await w.shown(plans[0]!), await w.shown(plans[1]!)]
  assert.deepEqual([first.systems, second.systems[0]], [['create anna.nowak', 'grant anna.nowak sellers'], 'create anna.nowak2 refused'])
  assert.doesNotMatch(second.changes.find((c) => c.stage === 2 && c.kind === 'create')!.words!, /this person's/)
  const { rows } = await w.pool.query(`select value from reserved_name where plan_id is null and not exists (select from person p where p.id = person_id)`)
  assert.deepEqual(rows, [], 'no name is kept for somebody who never came')
  assert.deepEqual(w.accounts(), ['anna.nowak'])
})

test('an account that somebody renamed before it was seen is not created a second time', async () => {
  const w = await open()
  for (const [row, effect] of [[anna, fault('lookup', 'disconnect', 2)], [bo, fault('create', 'lose-answer', 2)]] as const) {
    w.app.calls = { create: w.app.calls.create ?? 0 }
    w.app.faults = [effect]
    await w.day(row === anna ? [anna] : [anna, bo])
    assert.deepEqual(unfired(w), [])
    const record = w.account(row === anna ? 'anna.nowak' : 'bo.ek')!
    record.name = record.attributes['name'] = `${record.name}-x`
    await w.settle()
    assert.deepEqual([w.app.calls.create, w.accounts().at(-1)], row === anna ? [1, 'anna.nowak-x'] : [2, 'bo.ek-x'])
    assert.ok((await w.plan()).systems.includes(`rename ${row === anna ? 'anna.nowak' : 'bo.ek'}-x`))
  }
  assert.deepEqual([w.accounts(), (await w.plan()).systems], [['anna.nowak', 'bo.ek'], []])
})

test('what an older plan created unseen is known to the plan that takes its place without reading', async () => {
  const w = await open()
  w.app.faults = [fault('create', 'lose-answer', 1)]
  const first = await w.day([anna])
  const record = w.account('anna.nowak')!
  record.name = record.attributes['name'] = 'anna.x'
  await w.plan({ people: [await w.person('1')] })
  const left = await w.shown(first.id)
  assert.deepEqual([left.systems[0], w.accounts()], ['create anna.nowak skipped', ['anna.x']])
  assert.equal(left.changes.find((c) => c.state === 'skipped')?.words, 'Plan 2 took its place.')
})

test('what a role gives to somebody who is to have no account there is not taken for given, when somebody else gave it', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day([{ ...anna, department: 'Data' }]))
  const first = await w.day([anna])
  await w.engine.approvePlan(first.id, first.hash, 'ada')
  await w.engine.stopPlan(first.id, 'ada')
  await w.setPolicy((p) => { job(p, 'users').scope = 'position.department == "Data"' })
  assert.deepEqual((await w.approve(await w.plan())).systems, ['disable anna.nowak'])
  w.join('sellers', 'anna.nowak')
  await w.engine.resumePlan(first.id, 'ada')
  await w.work()
  assert.deepEqual([(await w.shown(first.id)).systems, (await w.plan()).systems, w.members('sellers')], [['grant anna.nowak sellers refused'], [], ['anna.nowak']])
})

test('a name that somebody had and that is taken by now is waited for; one that was only meant is not', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day([anna]))
  const first = await w.day([anna, bo])
  await w.engine.approvePlan(first.id, first.hash, 'ada')
  await w.engine.stopPlan(first.id, 'ada')
  w.app.records.delete(w.account('anna.nowak')!.id)
  const stranger = w.add('anna.nowak')
  w.add('bo.ek')
  const plan = await w.plan()
  assert.deepEqual(plan.systems, ['create bo.ek2 planned'])
  assert.deepEqual(plan.findings.map((f) => [f.code, f.person]), [['NAME_TAKEN', await w.person('1')]])
  w.app.records.delete(stranger.id)
  assert.deepEqual((await w.approve(await w.plan())).systems, ['create anna.nowak', 'create bo.ek2', 'grant anna.nowak sellers'])
})

test('an account that was renamed, and whose name a record of nobody has by now, stays as it is called and gets all else', async () => {
  const w = await open()
  await w.day([anna])
  const own = w.account('anna.nowak')!
  own.name = own.attributes['name'] = 'anna.other'
  const stranger = w.add('anna.nowak')
  for (const department of ['Sales', 'Data']) {
    const plan = await w.day([{ ...anna, department }])
    assert.deepEqual([plan.systems, plan.findings.map((f) => [f.code, f.person])], [department === 'Sales' ? [] : ['revoke anna.other sellers'], [['NAME_TAKEN', await w.person('1')]]])
  }
  w.app.records.delete(stranger.id)
  const plan = await w.day([anna])
  assert.deepEqual([plan.systems, plan.findings, w.accounts()], [['rename anna.other', 'grant anna.other sellers'], [], ['anna.nowak']])
})

test('a name of an account that was only said to be made is no more than meant', async () => {
  const w = await open()
  w.app.faults = [fault('create', 'pretend', 1)]
  assert.deepEqual([(await w.day([anna])).systems, unfired(w)], [['create anna.nowak stuck', 'grant anna.nowak sellers skipped'], []])
  w.add('anna.nowak')
  await w.plan()
  await w.settle()
  const plan = await w.plan()
  assert.deepEqual([plan.findings, w.accounts()], [[], ['anna.nowak', 'anna.nowak2']])
})

test('no account is made by a name that policy protects, whoever deleted the one that was there', async () => {
  const w = await open()
  await w.day([anna])
  await w.setPolicy((p) => { appSystem(p).protected = ['anna.*'] })
  w.app.records.delete(w.account('anna.nowak')!.id)
  const plan = await w.day([anna])
  assert.deepEqual([plan.findings.map((f) => [f.code, f.person]), w.accounts()], [[['PROTECTED', await w.person('1')]], []])
  await w.setPolicy((p) => { appSystem(p).protected = [] })
  await w.day([anna])
  assert.deepEqual(w.accounts(), ['anna.nowak'])
})

test('an account comes with what it is granted, and where it is not seen, nothing of it counts', async () => {
  const w = await open()
  w.app.faults = [fault('create', 'pretend', 1)]
  const plan = await w.day([anna])
  assert.deepEqual([unfired(w), plan.systems], [[], ['create anna.nowak stuck', 'grant anna.nowak sellers skipped']])
  await w.engine.retryChange(plan.id, plan.changes.find((c) => c.kind === 'create' && c.stage === 2)!.id, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(plan.id)).changes.filter((c) => c.stage === 2).map((c) => `${c.kind} ${c.state} ${c.attempts}`), ['create done 2', 'grant done 2'])
  assert.deepEqual([w.accounts(), w.members('sellers'), await w.reasons('1'), w.logged], [['anna.nowak'], ['anna.nowak'], ['rule seller', 'scope users'], []])
})

test('what an account was given before anybody saw it is no reason of its own', async () => {
  const w = await open()
  w.app.faults = [fault('lookup', 'disconnect', 2)]
  const plan = await w.day([anna])
  assert.deepEqual([unfired(w), plan.systems, w.members('sellers')], [[], ['create anna.nowak again', 'grant anna.nowak sellers again'], ['anna.nowak']])
  await w.settle()
  assert.deepEqual([(await w.shown(plan.id)).systems, await w.reasons('1'), w.app.writes], [['create anna.nowak', 'grant anna.nowak sellers'], ['rule seller', 'scope users'], 2])
  await w.day([{ ...anna, department: 'None' }])
  assert.deepEqual([w.members('sellers'), w.logged], [[], []])
})

test('what is to be made in a system that is only observed by now is refused, and what comes with it', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day([anna])
  await w.engine.approvePlan(plan.id, plan.hash, 'ada')
  await w.setPolicy((p) => { appSystem(p).method = 'observe' })
  await w.work()
  assert.deepEqual([(await w.shown(plan.id)).systems, w.app.writes, w.logged], [['create anna.nowak refused', 'grant anna.nowak sellers skipped'], 0, []])
})
