/** What was made or given and not seen yet is Usher's, and goes where it is not to be any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addRecord, type Fault } from '../../src/connectors/memory/memory-world.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { takeUp } from '../../src/engine/worker.ts'
import { claimChanges } from '../../src/store/batch.ts'
import { appSystem, fault, type World } from './plan-fixture.ts'
import { openWorlds } from './worlds.ts'

const open = openWorlds()
const { signal } = new AbortController()

/** The look after the creation comes to nothing; the answer of the creation does. */
const unseen: [string, Fault][] = [['the look after it failed', fault('lookup', 'disconnect', 2)], ['its answer was lost', fault('create', 'lose-answer', 1)]]

async function created(w: World, what: Fault): Promise<void> {
  w.app.calls = {}
  w.app.faults = [{ ...what }]
  const plan = await w.day([{ id: '1' }])
  assert.deepEqual([w.accounts(), plan.systems], [['ada.no1'], ['create ada.no1 again', 'grant ada.no1 sellers again']])
  w.app.faults = []
}

for (const [how, what] of unseen) {
  test(`created, but ${how}, and not to be there any more: it is its person's, and a new plan switches it off`, async () => {
    const w = await open()
    await created(w, what)
    await w.setPolicy((p) => { p.jobs[1]!.scope = 'position.department == "Data"' })
    await w.settle()
    assert.deepEqual(w.accounts(), ['ada.no1 (disabled)'])
    const { rows } = await w.pool.query<{ code: string; words: string }>(`select code, words from plan_change where kind = 'create' and stage = 2`)
    assert.deepEqual(rows, [{ code: 'CHANGE_DIFFERS', words: 'Nothing of this kind is to be done any more. An earlier attempt has made the account, so it is this person\'s.' }])
  })

  test(`created, but ${how}, and its person leaves: the lane looks for it, and the clock waits for it`, async () => {
    const w = await open()
    await created(w, what)
    const personId = await w.person('1')
    await w.engine.endPerson({ personId }, 'ada')
    await runLeavers(w.context, signal)
    w.later(500)
    await runLeavers(w.context, signal)
    assert.deepEqual(w.accounts(), ['ada.no1 (disabled)'])
    const { rows } = await w.pool.query<{ gone: boolean; systems: string[] }>(
      `select l.gone_at is not null as gone, array(select system_id || ' ' || state from leaver_system s where s.leaver_id = l.id) as systems from leaver l`)
    assert.deepEqual(rows, [{ gone: true, systems: ['app gone'] }])
    const { rows: audited } = await w.pool.query(`select subject, detail from audit where action = 'account.taken-in'`)
    assert.deepEqual(audited, [{ subject: `person:${personId}`, detail: { system: 'app', job: 'users' } }])
  })
}

test('created while its person was ended: the clock waits for the creation, and what came of it goes', async () => {
  const w = await open()
  await w.day([{ id: '2' }])
  w.app.calls = {}
  w.app.faults = [fault('create', 'slow', 1)]
  const leave = async (): Promise<void> => {
    await w.engine.endPerson({ personId: await w.person('1') }, 'ada')
    await runLeavers(w.context, signal)
  }
  w.app.pause = leave
  await w.day([{ id: '1' }, { id: '2' }])
  assert.deepEqual(w.accounts(), ['ada.no1', 'ada.no2'])
  w.later(5_000)
  await runLeavers(w.context, signal)
  w.later(500)
  await runLeavers(w.context, signal)
  assert.deepEqual(w.accounts(), ['ada.no1 (disabled)', 'ada.no2'])
})

test('given by a process that died, in a plan that was stopped since: whoever sees it knows it for Usher\'s, and it goes when its person leaves', async () => {
  const w = await open()
  await w.day([{ id: '1' }])
  await w.setPolicy((p) => { appSystem(p).method = 'approve' })
  const personId = await w.person('1')
  await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  const { id, hash } = await w.newest()
  await w.engine.approvePlan(id, hash, 'ada')
  // It has begun its batch and written, and comes no further.
  await claimChanges(w.pool, { planId: id, systemId: 'app', now: w.context.now(), limit: 10, along: 0, upTo: null })
  w.join('vpn', 'ada.no1')
  await w.pool.query(`update plan set state = 'stopped' where id = $1`, [id])
  await w.engine.endPerson({ personId }, 'ada')
  for (let round = 0; round < 3; round++) {
    await runLeavers(w.context, signal)
    w.later(5_000)
  }
  assert.deepEqual([w.accounts(), w.members('sellers'), w.members('vpn')], [['ada.no1 (disabled)'], [], []])
})

for (const taken of [true, false]) {
  test(`made by a process that died, in a plan that was stopped since${taken ? ' and what it was at was taken up' : ''}: it goes when its person leaves`, async () => {
    const w = await open()
    await w.setPolicy((p) => { appSystem(p).method = 'approve' })
    const { id, hash } = await w.day([{ id: '1' }])
    await w.engine.approvePlan(id, hash, 'ada')
    await claimChanges(w.pool, { planId: id, systemId: 'app', now: w.context.now(), limit: 10, along: 0, upTo: null })
    addRecord(w.app, { objectType: 'user', name: 'ada.no1', attributes: { name: 'ada.no1', personId: '1' }, enabled: true })
    await w.engine.stopPlan(id, 'ada')
    w.queued.length = 0
    if (taken) await takeUp(w.context, 'abandoned')
    await w.work()
    assert.equal((await w.shown(id)).changes.find((c) => c.kind === 'create' && c.stage === 2)!.attempts, taken ? 1 : 0)
    await w.engine.endPerson({ personId: await w.person('1') }, 'ada')
    for (let round = 0; round < 3; round++) {
      await runLeavers(w.context, signal)
      w.later(5_000)
    }
    assert.deepEqual(w.accounts(), ['ada.no1 (disabled)'])
    const { rows: [clock] } = await w.pool.query<{ gone: boolean }>('select gone_at is not null as gone from leaver')
    assert.equal(clock!.gone, taken)
  })
}

test('what somebody else gave while Usher had not come to it is theirs, where Usher refuses to give it', async () => {
  const w = await open()
  await w.day([{ id: '1' }])
  await w.setPolicy((p) => { appSystem(p).method = 'approve' })
  const personId = await w.person('1')
  const { reasonId } = await w.engine.grant({ personId, entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  const { id, hash } = await w.newest()
  await w.engine.approvePlan(id, hash, 'ada')
  w.join('vpn', 'ada.no1')
  await w.engine.endReason(reasonId, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(id)).systems, ['grant ada.no1 vpn refused'])
  const { rows } = await w.pool.query(`select origin from membership m join entitlement e on e.id = m.entitlement_id where e.name = 'vpn'`)
  assert.deepEqual(rows, [{ origin: 'unknown' }])
})

test('given a moment ago, and not shown by a mirror that is behind: it is still there, and is taken away', async () => {
  const w = await open((p) => { appSystem(p).config = { system: 'app', settleMs: 20_000 } })
  w.app.before = null
  await w.day([{ id: '1' }])
  const { reasonId } = await w.engine.grant({ personId: await w.person('1'), entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.settle()
  assert.deepEqual(w.members('vpn'), ['ada.no1'])
  w.app.calls = {}
  w.app.faults = [1, 2].map((attempt) => fault('lookup', 'stale', attempt))
  await w.engine.endReason(reasonId, 'ada')
  await w.settle()
  assert.deepEqual([w.members('vpn'), w.app.faults.map((f) => f.fired), (await w.newest()).systems], [[], [1, 1], ['revoke ada.no1 vpn']])
})

test('answered and never shown: once no mirror can be that far behind, it is made anew, also by a plan that is new itself', async () => {
  const w = await open((p) => { appSystem(p).config = { system: 'app', settleMs: 20_000 } })
  w.app.before = null
  w.app.faults = [fault('create', 'pretend', 1)]
  const first = await w.day([{ id: '1' }])
  assert.deepEqual([first.systems, w.accounts()], [['create ada.no1 again', 'grant ada.no1 sellers again'], []])
  w.later(5_000)
  assert.deepEqual([(await w.plan()).systems, w.accounts()], [['create ada.no1 again', 'grant ada.no1 sellers again'], []])
  w.later(3_600_000)
  w.queued.length = 0
  assert.deepEqual([(await w.plan()).systems, w.accounts()], [['create ada.no1', 'grant ada.no1 sellers'], ['ada.no1']])
})
