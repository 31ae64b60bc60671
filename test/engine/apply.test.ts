/** Plans carried out: what goes wrong, and what comes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { applyPlan, batchesAtOnce, batchSize } from '../../src/engine/apply-plan.ts'
import { computePlan } from '../../src/engine/compute-plan.ts'
import { searchChanges } from '../../src/store/plan-views.ts'
import { appSystem, fault, job, unfired, type Row } from './plan-fixture.ts'
import { anna, bo, cy, openWorlds } from './worlds.ts'

const open = openWorlds()

const staff = (count: number, more: Partial<Row> = {}): Row[] => Array.from({ length: count }, (_, i) => ({ id: String(i + 1), ...more }))
const code = (expected: string) => (error: unknown): boolean => error instanceof UsherError && error.code === expected
const signal = new AbortController().signal

test('approve waits for exactly the hash that was reviewed; of system and job, the stricter method counts', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day([anna])
  assert.deepEqual([plan.state, plan.people, w.app.writes], ['open', ['create Anna Nowak'], 0])
  await assert.rejects(w.engine.approvePlan(plan.id, 'another', 'ada'), code('PLAN_HASH_DIFFERS'))
  const done = await w.approve(plan)
  assert.deepEqual([done.state, done.systems], ['applied', ['create anna.nowak', 'grant anna.nowak sellers']])
  await assert.rejects(w.engine.approvePlan(plan.id, plan.hash, 'ada'), code('PLAN_NOT_OPEN'))
  await w.setPolicy((p) => { appSystem(p).method = 'automatic'; job(p, 'users').method = 'observe' })
  assert.deepEqual((await w.day([anna, bo])).systems, ['create bo.ek observed'])
})

test('a plan that nobody approved gives way to a newer one; one that does not go ahead leaves an older approval alone', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const first = await w.day([anna])
  const second = await w.plan()
  const gone = await w.shown(first.id)
  assert.deepEqual([gone.state, gone.changes.find((c) => c.state === 'skipped')?.words, second.state], ['superseded', 'Plan 2 took its place.', 'open'])
  await assert.rejects(w.engine.approvePlan(first.id, first.hash, 'ada'), code('PLAN_NOT_OPEN'))
  w.app.faults = [fault('create', 'disconnect', 1)]
  assert.deepEqual((await w.approve(second)).systems, ['create anna.nowak again', 'grant anna.nowak sellers again'])
  await w.day([anna, bo])
  await w.settle()
  assert.deepEqual((await w.shown(second.id)).systems, ['create anna.nowak', 'grant anna.nowak sellers'])
  assert.deepEqual(w.accounts(), ['anna.nowak'])
})

test('a brake holds the set, its release lets exactly that set go, and another set is held again', async () => {
  const w = await open((p) => { p.settings.peopleBrakes = {} })
  await w.day(staff(20))
  const ended = (ids: number) => staff(20).map((row, i) => (i < ids ? { ...row, end: '2026-06-14' } : row))
  const held = await w.day(ended(7))
  const kinds = (plan: typeof held) => plan.brakes.filter((b) => b.released === undefined).map((b) => `${b.kind} ${b.planned}/${b.of}`)
  assert.deepEqual([held.state, kinds(held)], ['held', ['disable 7/20']])
  assert.equal(w.accounts().filter((a) => a.includes('disabled')).length, 0)
  const more = await w.day(ended(8))
  assert.deepEqual(kinds(more), ['disable 8/20'])
  await assert.rejects(w.engine.releaseHeld(more.id, held.brakes[0]!.setHash, 'ada'), code('PLAN_HASH_DIFFERS'))
  await w.engine.releaseHeld(more.id, more.brakes[0]!.setHash, 'ada')
  await w.work()
  assert.equal(w.accounts().filter((a) => a.includes('disabled')).length, 8)
  assert.equal((await w.shown(more.id)).state, 'applied')
})

test('a release lapses when the set differs, and in a season', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve'; p.settings.peopleBrakes = {} })
  await w.approve(await w.day(staff(20)))
  const ended = (ids: number) => staff(20).map((row, i) => (i < ids ? { ...row, end: '2026-06-14' } : row))
  const held = await w.day(ended(7))
  await w.engine.releaseHeld(held.id, held.brakes[0]!.setHash, 'ada')
  await w.work()
  assert.deepEqual((await w.plan()).brakes.map((b) => b.released?.by), ['ada'])
  assert.deepEqual((await w.day(ended(8))).brakes.map((b) => b.released?.by), [undefined])
  w.days(8)
  assert.deepEqual((await w.day(ended(7))).brakes.map((b) => b.released?.by), [undefined])
})

test('missing people end nobody until they are released, and then exactly they end, with one release', async () => {
  const w = await open((p) => { Object.assign(job(p, 'people'), { completeness: { maxShrink: 0.5, vanishedEnds: false } }) })
  await w.day(staff(20))
  const held = await w.day(staff(20).slice(8))
  assert.deepEqual([held.state, held.brakes.map((b) => [b.code, b.planned]), w.accounts().filter((a) => a.includes('disabled'))], ['held', [['PEOPLE_MISSING', 8]], []])
  await w.engine.releaseHeld(held.id, held.brakes[0]!.setHash, 'ada')
  await w.work()
  const released = await w.newest()
  assert.deepEqual([released.cause, released.state, released.brakes.filter((b) => b.released === undefined)], ['release', 'applied', []])
  assert.equal(w.accounts().filter((a) => a.includes('disabled')).length, 8)
  assert.deepEqual((await w.plan()).systems, [])
})

test('an account that was edited by hand after the plan is refused and planned anew; the others go on', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day([anna, bo]))
  const plan = await w.day([{ ...anna, last: 'Nowak-Ek' }, { ...bo, last: 'Ek-Nowak' }])
  w.account('anna.nowak')!.attributes['displayName'] = 'By hand'
  const applied = await w.approve(plan)
  assert.deepEqual(applied.systems, ['update anna.nowak refused', 'update bo.ek'])
  const refused = applied.changes.find((c) => c.state === 'refused')!
  assert.deepEqual([refused.code, refused.words], ['CHANGE_DIFFERS', 'Since the plan was made: displayName is By hand, it was Anna Nowak.'])
  assert.equal(w.account('anna.nowak')!.attributes['displayName'], 'By hand')
  const anew = await w.newest()
  assert.deepEqual([anew.cause, anew.systems], ['refused', ['update anna.nowak planned']])
  assert.equal(anew.changes.at(-1)!.before!['displayName'], 'By hand')
})

test('what depends on an account that somebody deleted after the plan is refused at once', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day([anna, bo]))
  const plan = await w.day([{ ...anna, department: 'None' }, bo])
  w.app.records.delete(w.account('anna.nowak')!.id)
  assert.deepEqual((await w.approve(plan)).systems, ['revoke anna.nowak sellers refused'])
  assert.deepEqual((await w.newest()).systems, ['create anna.nowak planned'])
})

test('where the person has another account by now, what was planned for the old one is refused', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day([anna, bo]))
  const other = w.add('a.nowak')
  w.join('sellers', 'a.nowak')
  await w.plan()
  const plan = await w.day([{ ...anna, end: '2026-06-14' }, bo])
  assert.ok(plan.systems.some((line) => line === 'disable anna.nowak planned'))
  await w.pool.query(`update account set person_id = null, job_id = null where name = 'anna.nowak'`)
  await w.pool.query(`update account set person_id = $1, job_id = 'users' where native_id = $2`, [await w.person('1'), other.id])
  const applied = await w.approve(plan)
  assert.deepEqual(applied.changes.filter((c) => c.stage === 2).map((c) => c.state).filter((state) => state !== 'refused'), [])
  assert.deepEqual([w.account('a.nowak')!.enabled, w.account('anna.nowak')!.enabled], [true, true])
})

test('a worker that lost the plan meanwhile says nothing of what it did: whoever took it up does', async () => {
  const w = await open()
  const { records } = w.app
  const set = records.set.bind(records)
  records.set = (id, record) => {
    if (record.objectType === 'user') {
      records.set = set
      void w.pool.query('delete from batch')
    }
    return set(id, record)
  }
  assert.deepEqual((await w.day([anna])).systems, ['create anna.nowak', 'grant anna.nowak sellers'])
  const { rows } = await w.pool.query<{ action: string }>(`select action from audit where action like 'change.%.done' and subject like 'person:%' and detail ->> 'system' = 'app' order by action`)
  assert.deepEqual(rows.map((r) => r.action), ['change.create.done', 'change.grant.done'])
})

test('what waits to be tried again is not given once its role gives it no more', async () => {
  const w = await open()
  w.app.faults = [fault('grant', 'busy', 1)]
  assert.deepEqual((await w.day([anna])).systems, ['create anna.nowak', 'grant anna.nowak sellers again'])
  await w.setPolicy((p) => { p.roles = p.roles.map((r) => ({ ...r, grants: [{ system: 'app', entitlement: 'data' }] })) as typeof p.roles })
  w.days(1)
  await w.settle()
  assert.deepEqual([w.members('sellers'), w.members('data')], [[], ['anna.nowak']])
})

test('a plan that was stopped does not bring back what an older staff list said', async () => {
  const w = await open((p) => { job(p, 'people').method = 'approve' })
  const department = async (): Promise<unknown> => (await w.pool.query('select positions -> 0 -> \'attributes\' ->> \'department\' as department from person')).rows
  await w.approve(await w.day([anna]))
  const older = await w.day([{ ...anna, department: 'Data' }])
  await w.engine.approvePlan(older.id, older.hash, 'ada')
  await w.engine.stopPlan(older.id, 'ada')
  await w.approve(await w.day([{ ...anna, department: 'Board' }]))
  await w.approve(await w.day([anna]))
  await w.engine.resumePlan(older.id, 'ada')
  await w.work()
  assert.deepEqual([(await w.shown(older.id)).people, await department()], [['update Anna Nowak refused'], [{ department: 'Sales' }]])
})

test('whoever vanished from an older staff list and is in a newer one is not ended by a plan that was stopped', async () => {
  const w = await open((p) => { Object.assign(job(p, 'people'), { method: 'approve', completeness: { maxShrink: 0.5, vanishedEnds: false } }) })
  await w.approve(await w.day([anna, bo, cy]))
  const held = await w.day([bo, cy])
  await w.engine.releaseHeld(held.id, held.brakes[0]!.setHash, 'ada')
  await w.work()
  const older = await w.newest()
  await w.engine.approvePlan(older.id, older.hash, 'ada')
  await w.engine.stopPlan(older.id, 'ada')
  assert.deepEqual((await w.day([anna, bo, cy])).people, [])
  await w.engine.resumePlan(older.id, 'ada')
  await w.work()
  assert.deepEqual([(await w.shown(older.id)).people, w.accounts()], [['disable Anna Nowak refused'], ['anna.nowak', 'bo.ek', 'cy.lee']])
})

for (const method of ['automatic', 'approve'] as const) {
  test(`a record is not linked by a plan that another plan went ahead of: people ${method}`, async () => {
    const w = await open((p) => {
      appSystem(p).method = 'approve'
      job(p, 'people').method = method
    })
    const first = await w.day([anna])
    await w.engine.approvePlan(first.id, first.hash, 'ada')
    await w.engine.stopPlan(first.id, 'ada')
    w.add('old', { personId: '1' })
    const second = await w.plan()
    assert.ok(second.systems.includes('link old planned'), second.systems.join(', '))
    await w.engine.resumePlan(first.id, 'ada')
    await w.work()
    const applied = await w.approve(second)
    const stopped = applied.changes.filter((c) => c.kind === 'link' || c.stage === 1).map((c) => `${c.kind} ${c.state} ${c.code}`)
    assert.deepEqual(stopped, [...(method === 'approve' ? ['create refused CHANGE_DIFFERS'] : []), 'link refused CHANGE_DIFFERS'])
    assert.deepEqual(w.logged, [])
  })
}

test('what somebody took from a record after the plan is no reason when it is linked', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const record = w.add('anowak', { personId: '1' })
  for (const group of ['vpn', 'sellers']) w.join(group, 'anowak')
  const plan = await w.day([anna])
  w.app.members.get(w.group('vpn').id)!.delete(record.id)
  assert.deepEqual((await w.approve(plan)).systems, ['link anowak', 'update anowak'])
  assert.deepEqual((await w.reasons('1')).toSorted(), ['found sellers', 'rule seller', 'scope users'])
  assert.deepEqual((await w.plan()).systems, [])
})

test('a record that no longer has what it was known by is not linked', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const record = w.add('anowak', { personId: '1' })
  const plan = await w.day([anna])
  record.attributes['personId'] = '999'
  const done = await w.approve(plan)
  assert.deepEqual([done.systems[0], done.changes.find((c) => c.kind === 'link')!.words], ['link anowak refused', 'The record no longer has what it was known by.'])
  assert.deepEqual((await w.newest()).systems, ['create anna.nowak planned', 'grant anna.nowak sellers planned'])
})

test('a link waits for a system that is away, and so does what follows it', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  w.add('anowak', { personId: '1' })
  const plan = await w.day([anna])
  w.app.reachable = false
  assert.deepEqual((await w.approve(plan)).systems, ['link anowak again', 'update anowak again', 'grant anowak sellers again'])
  w.app.reachable = true
  await w.settle()
  assert.deepEqual((await w.shown(plan.id)).systems, ['link anowak', 'update anowak', 'grant anowak sellers'])
  assert.deepEqual(w.logged, [])
})

test('what Usher gave is its own to take away, also where a list hid it for a while', async () => {
  const w = await open()
  await w.day([anna])
  const sellers = [...w.app.members.values()].find((m) => m.size > 0)!
  const [id] = sellers
  sellers.delete(id!)
  await w.day([{ ...anna, end: '2026-06-14' }])
  sellers.add(id!)
  assert.deepEqual((await w.plan()).systems, ['revoke anna.nowak sellers'])
  assert.deepEqual(w.members('sellers'), [])
})

test('a system that is away is waited for, and the plan goes on by itself', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day(staff(120))
  w.app.reachable = false
  const paused = await w.approve(plan)
  assert.deepEqual([paused.state, paused.changes.filter((c) => c.state === 'again')[0]!.code], ['applying', 'SYSTEM_UNREACHABLE'])
  for (let minutes = 0; minutes < 60; minutes += 10) {
    w.later(600_000)
    await w.work()
  }
  assert.equal(w.app.writes, 0)
  w.app.reachable = true
  w.later(31_000)
  await w.work()
  await w.settle()
  const done = await w.shown(plan.id)
  assert.deepEqual([done.state, w.accounts().length, done.systems.filter((s) => / (again|stuck|skipped|refused)$/.test(s)).slice(0, 3), done.changes.find((c) => c.state !== 'done')], ['applied', 120, [], undefined])
})

test('what an account was to get waits as long as its creation does', async () => {
  const w = await open()
  w.app.faults = [1, 2, 3, 4, 5].map((n) => fault('create', 'disconnect', n))
  const plan = await w.day([anna])
  await w.settle()
  assert.deepEqual([unfired(w), (await w.shown(plan.id)).systems], [[], ['create anna.nowak', 'grant anna.nowak sellers']])
})

test('one who fails stops nobody else; tried again by hand, what depends on it comes along', async () => {
  const w = await open()
  w.app.faults = [fault('create', 'refuse', 1)]
  const plan = await w.day([anna, bo, { id: '3' }])
  const stuck = plan.changes.filter((c) => c.state === 'stuck')
  assert.deepEqual([plan.state, stuck.length, stuck[0]!.code, w.accounts().length], ['applied', 1, 'SYSTEM_REFUSED', 2])
  assert.match(stuck[0]!.words!, /refused to create/)
  w.app.faults = []
  await w.engine.retryChange(plan.id, stuck[0]!.id, 'ada')
  await w.work()
  const done = await w.shown(plan.id)
  assert.deepEqual([done.state, done.changes.filter((c) => c.state !== 'done')], ['applied', []])
  assert.deepEqual(w.members('sellers'), ['ada.no3', 'anna.nowak'])
  await assert.rejects(w.engine.retryChange(plan.id, stuck[0]!.id, 'ada'), code('NOT_FOUND'))
})

test('a record that Usher cannot handle is stuck alone', async () => {
  const w = await open()
  const records = w.app.records
  const set = records.set.bind(records)
  records.set = (id, record) => {
    if (record.name === 'bo.ek') throw new Error('a fault of ours')
    return set(id, record)
  }
  const plan = await w.day([anna, bo])
  await w.settle()
  assert.deepEqual((await w.shown(plan.id)).systems, ['create anna.nowak', 'create bo.ek stuck', 'grant anna.nowak sellers'])
  assert.equal((await w.shown(plan.id)).changes.find((c) => c.state === 'stuck')!.code, 'INTERNAL')
})

test('stopped between two batches, a plan writes nothing more until it is resumed', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const people = batchSize * (batchesAtOnce + 3)
  const plan = await w.day(staff(people, { department: 'None' }))
  await w.engine.approvePlan(plan.id, plan.hash, 'ada')
  const working = w.work()
  while (w.app.writes < 50) await new Promise((resolve) => setImmediate(resolve))
  await w.engine.stopPlan(plan.id, 'ada')
  await working
  const written = w.app.writes
  assert.equal((await w.shown(plan.id)).state, 'stopped')
  assert.ok(written < people, `${written} of ${people}`)
  w.later(3_600_000)
  await w.work()
  assert.equal(w.app.writes, written)
  await w.engine.resumePlan(plan.id, 'ada')
  await w.work()
  assert.deepEqual([(await w.shown(plan.id)).state, w.app.writes], ['applied', people])
})

test('where the database loses an answer, what was claimed is begun again, and nobody waits for it meanwhile', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day([anna])
  await w.engine.approvePlan(plan.id, plan.hash, 'ada')
  let lost = 0
  const pool = new Proxy(w.context.pool, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
      return async (text: string, values: unknown[]) => {
        const answer = await target.query(text, values)
        if (lost === 0 && text.includes('insert into batch')) throw new Error(`lost ${++lost}`)
        return answer
      }
    },
  })
  await applyPlan({ ...w.context, pool }, plan.id, signal)
  assert.deepEqual([lost, (await w.shown(plan.id)).state, w.app.writes], [1, 'applying', 0])
  await w.settle()
  assert.deepEqual([(await w.shown(plan.id)).systems, w.accounts()], [['create anna.nowak', 'grant anna.nowak sellers'], ['anna.nowak']])
})

test('what a worker is at is shown as running, found by that, and cannot be tried again meanwhile', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const plan = await w.day([anna])
  w.app.faults = [fault('create', 'slow', 1)]
  let shown: string[] = []
  w.app.pause = async () => {
    const [running, waiting] = await Promise.all([searchChanges(w.pool, plan.id, { state: 'running', limit: 10 }), searchChanges(w.pool, plan.id, { state: 'waiting', limit: 10 })])
    shown = [...running.items, ...waiting.items].map((c) => `${c.kind} ${c.state} ${c.attempts}`)
    await assert.rejects(w.engine.retryChange(plan.id, running.items[0]!.id, 'ada'), code('NOT_FOUND'))
  }
  const done = await w.approve(plan)
  assert.deepEqual([unfired(w), shown, done.systems], [[], ['create running 1', 'grant running 1'], ['create anna.nowak', 'grant anna.nowak sellers']])
  assert.equal((await w.pool.query('select from batch')).rowCount, 0)
})

test('what the system shows otherwise than planned is contradicted, named, and harms nothing else', async () => {
  const w = await open()
  const records = w.app.records
  const set = records.set.bind(records)
  records.set = (id, record) => set(id, { ...record, attributes: { ...record.attributes, displayName: 'ANNA' } })
  const plan = await w.day([anna])
  assert.deepEqual(plan.systems, ['create anna.nowak stuck', 'grant anna.nowak sellers'])
  const stuck = plan.changes.find((c) => c.state === 'stuck')!
  assert.equal(stuck.code, 'CHANGE_CONTRADICTED')
  assert.match(stuck.words!, /another displayName/)
  assert.doesNotMatch(stuck.words!, /ANNA/)
})

test('two workers at one plan compute it once and apply it once', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.hr(staff(30))
  const { planId } = await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
  await Promise.all([1, 2, 3].map(() => computePlan({ ...w.context, enqueue: async () => {} }, planId, signal)))
  const computed = await w.shown(planId)
  assert.equal(computed.changes.length, 30 + 30 + 30)
  await w.engine.approvePlan(planId, computed.hash, 'ada')
  await Promise.all([1, 2, 3].map(() => applyPlan(w.context, planId, signal)))
  await w.work()
  assert.deepEqual([(await w.shown(planId)).state, w.app.calls.create], ['applied', 30])
})

test('told to stop while it computes, a worker leaves the plan to the next one', async () => {
  const w = await open()
  await w.hr([anna])
  const { planId } = await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
  await computePlan(w.context, planId, AbortSignal.abort())
  assert.equal((await w.shown(planId)).state, 'computing')
  await w.work()
  assert.deepEqual([(await w.shown(planId)).state, w.accounts()], ['applied', ['anna.nowak']])
})

test('a full read that began before a change was seen does not undo the sight of it', async () => {
  const w = await open()
  await w.day([anna])
  const slow = w.app.records
  const values = slow.values.bind(slow)
  let once = true
  // While the system is being read, the plan of another person creates an account.
  await w.hr([anna, bo])
  const { planId } = await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
  slow.values = () => {
    const before = [...values()]
    if (once) {
      once = false
      w.add('late', { personId: '9' })
    }
    return before[Symbol.iterator]() as ReturnType<typeof values>
  }
  await w.work()
  slow.values = values
  assert.deepEqual((await w.shown(planId)).systems, ['create bo.ek'])
  assert.deepEqual((await w.plan()).systems, [])
  assert.deepEqual(w.accounts(), ['anna.nowak', 'bo.ek', 'late'])
})
