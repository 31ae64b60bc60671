/** Undo: the inverse of a run is a plan; what cannot be undone is listed; policy does not do it all again at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tick } from '../../src/engine/clock.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { nextDue } from '../../src/store/schedule.ts'
import { appSystem, type Plan, type World } from './plan-fixture.ts'
import { anna, bo, cy, openWorlds } from './worlds.ts'

const open = openWorlds()
const { signal } = new AbortController()

async function undo(w: World, plan: Plan, until?: string): Promise<Plan> {
  const { planId } = await w.engine.undoPlan({ planId: plan.id, ...(until === undefined ? {} : { until }) }, 'ada')
  await w.work()
  return w.shown(planId)
}

const left = async (w: World, plan: Plan): Promise<string[]> =>
  (await w.pool.query<{ words: string }>('select words from plan_left where plan_id = $1 order by id', [plan.id])).rows.map((r) => r.words)

/** The system as it stands: accounts with their values, and who is in which group. */
const picture = (w: World): unknown => structuredClone([...w.app.records.values()].map(({ name, enabled, attributes }) => ({ name, enabled, attributes })))

test('what a run changed goes back to what it was, waits for approval, and is left so until the date', async () => {
  const w = await open()
  await w.day([anna, bo, cy])
  const was = [picture(w), w.members('sellers')]
  // One leaves, one moves and is renamed in values, one gets access.
  const run = await w.day([{ ...anna, last: 'Ek' }, { ...bo, department: 'Sales' }, { ...cy, end: '2026-06-14' }])
  assert.deepEqual(run.systems.toSorted(), ['disable cy.lee', 'grant bo.ek sellers', 'revoke cy.lee sellers', 'update anna.nowak'])
  const plan = await undo(w, run)
  assert.deepEqual([plan.state, plan.cause, plan.systems.toSorted()],
    ['open', 'undo', ['enable cy.lee planned', 'grant cy.lee sellers planned', 'revoke bo.ek sellers planned', 'update anna.nowak planned']])
  assert.equal(plan.findings.find((f) => f.code === 'UNDO_UNTIL')!.message.includes('until 2026-06-22'), true)
  assert.match((await left(w, plan)).join(), /3 changes to people are not taken back/)
  const writes = w.app.writes
  const done = await w.approve(plan)
  assert.deepEqual([done.state, done.changes.filter((c) => c.state !== 'done'), w.app.writes - writes], ['applied', [], 4])
  assert.deepEqual([picture(w), w.members('sellers')], was)
  // Policy wants something else of all of it, and leaves it.
  assert.deepEqual((await w.plan()).systems, [])
  // Twice is the same as once.
  assert.deepEqual((await undo(w, run)).state, 'empty')
  // At its end it is planned like everything else, by itself and once.
  w.at((await nextDue(w.pool, w.context.now(), { daysBefore: [], deletions: [] }))!)
  await tick(w.context)
  await tick(w.context)
  await w.work()
  const next = await w.newest()
  assert.deepEqual([next.cause, next.systems.toSorted()], ['exception ended', run.systems.toSorted()])
  const { rows } = await w.pool.query(`select from plan where cause = 'exception ended'`)
  assert.equal(rows.length, 1)
})

test('accounts that it made are disabled, never deleted; passwords and deletions are listed as not undone', async () => {
  const w = await open()
  const first = await w.day([anna, bo])
  const undone = await w.approve(await undo(w, first))
  assert.deepEqual(undone.systems, ['disable anna.nowak', 'disable bo.ek', 'revoke anna.nowak sellers'])
  assert.deepEqual([w.accounts(), w.members('sellers')], [['anna.nowak (disabled)', 'bo.ek (disabled)'], []])
  assert.equal((await left(w, undone)).filter((l) => l.startsWith('A first password was made')).length, 2)
  assert.deepEqual((await w.plan()).systems, [])
  // Undoing the undoing is what policy says again.
  assert.deepEqual((await w.approve(await undo(w, undone))).systems, ['enable anna.nowak', 'enable bo.ek', 'grant anna.nowak sellers'])
  assert.deepEqual((await w.plan()).systems, [])

  await w.day([anna, { ...bo, end: '2026-06-14' }])
  w.days(40)
  const deleting = await w.day([anna, { ...bo, end: '2026-06-14' }])
  assert.deepEqual(deleting.systems, ['delete bo.ek'])
  const nothing = await undo(w, deleting)
  assert.deepEqual([nothing.state, await left(w, nothing)], ['empty', ['A deleted account cannot be brought back.']])
})

test('what changed again since stays, what changes between review and approval is refused', async () => {
  const w = await open()
  await w.day([anna, bo, cy])
  const run = await w.day([{ ...anna, last: 'A' }, { ...bo, last: 'B' }, { ...cy, last: 'C' }])
  w.account('anna.nowak')!.attributes['displayName'] = 'By hand'
  const plan = await undo(w, run)
  assert.deepEqual(plan.systems, ['update bo.ek planned', 'update cy.lee planned'])
  assert.match((await left(w, plan)).join(), /displayName changed again since/)
  w.account('bo.ek')!.attributes['displayName'] = 'By hand, too'
  const applied = await w.approve(plan)
  assert.deepEqual(applied.systems, ['update bo.ek refused', 'update cy.lee'])
  assert.deepEqual([w.account('bo.ek')!.attributes['displayName'], w.account('cy.lee')!.attributes['displayName']], ['By hand, too', 'Cy Lee'])
  // What was not undone is no exception: policy puts the hand edits right, and leaves what was undone.
  assert.deepEqual((await w.plan()).systems, ['update anna.nowak', 'update bo.ek'])
})

test('an account that it linked is nobody\'s again, and is neither linked nor made anew until the date', async () => {
  const w = await open()
  w.add('anna.old', { personId: '1', displayName: 'Anna' })
  w.join('vpn', 'anna.old')
  const run = await w.day([anna])
  assert.deepEqual([run.systems, await w.reasons('1')], [['link anna.old', 'update anna.old', 'grant anna.old sellers'], ['rule seller', 'scope users', 'found vpn']])
  const undone = await w.approve(await undo(w, run))
  assert.deepEqual(undone.systems.toSorted(), ['revoke anna.old sellers', 'unlink anna.old', 'update anna.old'])
  assert.deepEqual([w.account('anna.old')!.attributes['displayName'], w.members('vpn'), w.members('sellers')], ['Anna', ['anna.old'], []])
  assert.equal((await w.reasons('1')).includes('found vpn ended'), true)
  assert.deepEqual([(await w.plan()).systems, w.accounts()], [[], ['anna.old']])
  w.days(8)
  assert.deepEqual((await w.plan()).systems, ['link anna.old', 'update anna.old', 'grant anna.old sellers'])
})

test('a protected account is not touched, and a brake holds an undoing like any plan', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 1 } } })
  const staff = [anna, bo, cy]
  const run = await w.day(staff)
  w.account('cy.lee')!.protected = true
  await w.plan()
  const plan = await undo(w, run)
  assert.deepEqual([plan.state, plan.systems.toSorted()], ['held', ['disable anna.nowak held', 'disable bo.ek held', 'revoke anna.nowak sellers planned']])
  assert.match((await left(w, plan)).join(), /protected and is never touched/)
  await w.engine.releaseHeld(plan.id, plan.brakes[0]!.setHash, 'ada')
  const done = await w.approve(await w.shown(plan.id))
  assert.deepEqual([done.state, w.accounts()], ['applied', ['anna.nowak (disabled)', 'bo.ek (disabled)', 'cy.lee']])
})

test('access kept by an undoing is not kept from somebody who leaves afterwards', async () => {
  const w = await open()
  await w.day([{ ...anna, department: 'None' }])
  const personId = await w.person('1')
  const { reasonId } = await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  const { planId } = await w.engine.endReason(reasonId, 'ada')
  await w.work()
  await w.approve(await undo(w, await w.shown(planId)))
  assert.deepEqual([w.members('vpn'), (await w.plan()).systems], [['anna.nowak'], []])
  assert.deepEqual((await w.day([{ ...anna, department: 'None', end: '2026-06-14' }])).systems, ['disable anna.nowak', 'revoke anna.nowak vpn'])
})

test('who has left since the run gets nothing back, by an undoing that was planned before or after', async () => {
  const w = await open()
  await w.day([anna, cy])
  const run = await w.day([{ ...anna, department: 'None', leaveFrom: '2026-06-01', leaveUntil: '2026-09-01' }, cy])
  assert.deepEqual(run.systems, ['disable anna.nowak', 'revoke anna.nowak sellers'])
  const before = await undo(w, run)
  assert.deepEqual(before.systems, ['enable anna.nowak planned', 'grant anna.nowak sellers planned'])
  await w.engine.endPerson({ personId: await w.person('1') }, 'ada')
  await runLeavers(w.context, signal)
  assert.deepEqual((await w.approve(before)).changes.map((c) => `${c.kind} ${c.state} ${c.words}`), ['enable', 'grant'].map((kind) => `${kind} refused The person has left since.`))
  assert.deepEqual([w.accounts(), w.members('sellers')], [['anna.nowak (disabled)', 'cy.lee'], ['cy.lee']])
  const after = await undo(w, run)
  assert.deepEqual([after.state, (await left(w, after)).filter((l) => l.includes('left since')).length], ['empty', 2])
})

test('once the instant is over until which it would be left so, nothing is undone, and that is said', async () => {
  const w = await open()
  await w.day([anna])
  const run = await w.day([{ ...anna, end: '2026-06-14' }])
  const plan = await undo(w, run, '2026-06-16T00:00:00Z')
  const writes = w.app.writes
  w.at('2026-06-17T00:00:00Z')
  const late = await w.approve(plan)
  assert.deepEqual(late.changes.map((c) => `${c.kind} ${c.state} ${c.code}`), ['enable refused CHANGE_DIFFERS', 'grant refused CHANGE_DIFFERS'])
  // Nor is it planned once more, for an instant that is over.
  assert.deepEqual([w.app.writes, (await w.newest()).id], [writes, late.id])
})
