/** Some changes fail, or a whole system does: the others go on, and nothing is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { batchesAtOnce, batchSize } from '../../src/engine/apply-plan.ts'
import { lookAtDisk } from '../../src/engine/disk.ts'
import { recordAiling } from '../../src/engine/pulse.ts'
import { transaction, type Client } from '../../src/store/database.ts'
import { changesByIds } from '../../src/store/plan-views.ts'
import { currentRevision } from '../../src/store/policy.ts'
import { listStuck } from '../../src/store/stuck.ts'
import { noteAway, noteBack } from '../../src/store/system-health.ts'
import { appSystem, fault, type Plan, type Row, type World } from './plan-fixture.ts'
import { openWorlds } from './worlds.ts'

const open = openWorlds()

const staff = (count: number): Row[] => Array.from({ length: count }, (_, i) => ({ id: String(i + 1) }))
const code = (expected: string) => (error: unknown): boolean => error instanceof UsherError && error.code === expected
const states = (plan: Plan, kind: string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(plan.changes.filter((c) => c.stage === 2 && c.kind === kind), (c) => c.state)].map(([state, own]) => [state, own.length]))
const findings = async (w: World, name: string): Promise<{ message: string; open: boolean }[]> =>
  (await w.pool.query<{ message: string; open: boolean }>('select message, resolved_at is null as open from finding where code = $1 order by id', [name])).rows

/** Refuses, breaks, or gives back something else for two people of five, for as long as it is told to. */
function failFor(w: World): { who: Set<string>; mend(): void } {
  const who = new Set<string>()
  const records = w.app.records
  const set = records.set.bind(records)
  records.set = (id, record) => {
    const number = Number(/(\d+)$/.exec(record.name)?.[1] ?? 0)
    if (record.objectType !== 'user' || number % 5 > 1) return set(id, record)
    who.add(record.name)
    if (number % 5 === 0) throw number % 2 === 0 ? new UsherError('SYSTEM_REFUSED', `No licence for ${record.name}.`) : new UsherError('SYSTEM_BUSY', 'Too many requests.')
    return number % 2 === 0 ? set(id, { ...record, attributes: { ...record.attributes, displayName: 'OTHER' } }) : (() => { throw new UsherError('SYSTEM_RIGHT_MISSING', 'Insufficient access.') })()
  }
  return { who, mend: () => { records.set = set } }
}

test('with two of five failing in several ways, the other three are as if those were not there', async () => {
  const count = 300
  const lenient = (share: number) => (p: Parameters<typeof appSystem>[0]): void => { appSystem(p).brakes = { errorRate: { count: 20, share } } }
  const w = await open(lenient(1))
  const { who } = failFor(w)
  const plan = await w.day(staff(count))
  for (let hours = 0; hours < 10; hours++) {
    w.later(3_600_000)
    await w.settle()
  }
  const without = await open(lenient(1))
  await without.day(staff(count).filter((row) => Number(row.id) % 5 > 1))
  const done = await w.shown(plan.id)
  assert.equal(who.size, count * 0.4)
  assert.deepEqual(states(done, 'create'), { done: count * 0.6, stuck: count * 0.4 })
  const spared = (world: World): string[] => world.accounts().filter((name) => !who.has(name))
  const plain = (world: World) => [...world.app.records.values()].filter((r) => r.objectType === 'user' && !who.has(r.name))
    .map(({ name, attributes, enabled }) => ({ name, attributes, enabled })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  assert.deepEqual(spared(w), without.accounts())
  assert.deepEqual(plain(w), plain(without))
  assert.deepEqual(w.members('sellers').filter((name) => !who.has(name)), without.members('sellers'))
  assert.equal(done.state, 'applied')
  assert.deepEqual([...new Set(done.changes.filter((c) => c.state === 'stuck').map((c) => c.code))].toSorted(),
    ['CHANGE_CONTRADICTED', 'SYSTEM_BUSY', 'SYSTEM_REFUSED', 'SYSTEM_RIGHT_MISSING'])
})

test('what fails for now is tried again after seconds, then minutes, then hours, and in the end waits for a person', async () => {
  const w = await open((p) => { appSystem(p).brakes = { errorRate: { count: 20, share: 1 } } })
  w.app.records.set = () => { throw new UsherError('SYSTEM_BUSY', 'Too many requests.') }
  const plan = await w.day(staff(1))
  const create = async () => (await w.pool.query<{ state: string; code: string; words: string; at: string | null }>(
    `select state, code, words, next_attempt_at as at from plan_change where plan_id = $1 and stage = 2 and kind = 'create'`, [plan.id])).rows[0]!
  const seconds: number[] = []
  for (let change = await create(); change.state === 'again'; change = await create()) {
    assert.deepEqual([change.code, change.words], ['SYSTEM_BUSY', 'Too many requests.'])
    const wait = Date.parse(change.at!) - Date.parse(w.context.now())
    // The clock of the test has gone on by some milliseconds.
    seconds.push(Math.round(wait / 1000))
    w.later(wait)
    await w.work()
  }
  assert.deepEqual(seconds, [2, 5, 15, 60, 300, 1800, 3600, 3600, 3600])
  assert.equal((await create()).state, 'stuck')
})

test('a stuck change waits for a person: tried again, settled with a note, or overtaken by a newer plan', async () => {
  const w = await open((p) => { appSystem(p).brakes = { errorRate: { count: 20, share: 1 } } })
  const failing = failFor(w)
  const plan = await w.day(staff(26))
  const waiting = async (): Promise<string[]> => (await listStuck(w.pool, { limit: 100 })).items.map((s) => s.changeId)
  const stuck = (await w.shown(plan.id)).changes.filter((c) => c.state === 'stuck')
  assert.deepEqual(await waiting(), stuck.map((c) => c.id).toSorted((a, b) => Number(a) - Number(b)))
  assert.ok(stuck.length >= 5)
  const shown = await changesByIds(w.pool, [{ planId: plan.id, changeId: stuck[0]!.id }])
  assert.deepEqual([...shown.values()].map((c) => [c.subject, c.words]), [[stuck[0]!.subject, stuck[0]!.words]])
  await w.engine.settleChange(plan.id, stuck[0]!.id, { how: 'not-needed', note: 'Left before the first day' }, 'ada')
  await assert.rejects(w.engine.settleChange(plan.id, stuck[0]!.id, { how: 'by-hand', note: 'once more' }, 'ada'), code('NOT_FOUND'))
  const done = (await w.shown(plan.id)).changes.find((c) => c.state === 'done')!
  await assert.rejects(w.engine.settleChange(plan.id, done.id, { how: 'by-hand', note: 'was fine' }, 'ada'), code('NOT_FOUND'))
  assert.equal((await waiting()).length, stuck.length - 1)
  const { rows: audited } = await w.pool.query<{ detail: object }>(`select detail from audit where action = 'change.settled'`)
  assert.deepEqual(audited.map((a) => a.detail), [{ change: stuck[0]!.id, how: 'not-needed' }])
  failing.mend()
  await w.engine.retryChange(plan.id, stuck[1]!.id, 'ada')
  await w.work()
  assert.equal((await waiting()).length, stuck.length - 2)
  // The next plan looks for itself, also at what was settled.
  const next = await w.plan()
  assert.ok(next.systems.some((line) => line.endsWith(stuck[0]!.subject)))
  assert.deepEqual(await waiting(), [])
})

test('at an error rate the system pauses, other systems go on, and a person lets it go on', async () => {
  const w = await open((p) => {
    p.systems.push({ ...appSystem(p), id: 'second', name: 'Second', config: { system: 'other' } })
    p.jobs.push({ ...p.jobs.find((j) => j.id === 'users')!, id: 'others', destination: 'second' } as typeof p.jobs[number])
    p.rules = []
  })
  const failing = failFor(w)
  const count = batchSize * (batchesAtOnce + 1)
  const plan = await w.day(staff(count))
  const paused = await w.shown(plan.id)
  const users = (system: typeof w.app): number => [...system.records.values()].filter((r) => r.objectType === 'user').length
  assert.equal(users(w.other), count)
  assert.equal(paused.state, 'applying')
  // It stops in the middle of a batch: some 20 failures and what was under way.
  const stuck = paused.changes.filter((c) => c.state === 'stuck' || c.state === 'again')
  assert.ok(stuck.length > 20 && stuck.length < 60, `${stuck.length} failed`)
  assert.ok(users(w.app) < batchSize, `${users(w.app)} written`)
  const [found] = await findings(w, 'BRAKE_ERROR_RATE')
  assert.match(found!.message, /^App is paused: \d+ of the last \d+ changes failed .*No licence for ….* changes wait until somebody resumes it\.$/)
  // Neither time, another worker nor another plan goes round the brake.
  const written = w.app.writes
  w.later(7_200_000)
  await w.settle()
  await w.plan()
  assert.deepEqual([w.app.writes, (await findings(w, 'BRAKE_ERROR_RATE')).length], [written, 1])
  failing.mend()
  await w.engine.resumeSystem('app', 'ada')
  await assert.rejects(w.engine.resumeSystem('app', 'ada'), code('CONFLICT'))
  await w.settle()
  assert.deepEqual((await findings(w, 'BRAKE_ERROR_RATE')).map((f) => f.open), [false])
  await w.plan()
  assert.equal(users(w.app), count)
  const { rows } = await w.pool.query<{ action: string }>(`select action from audit where subject = 'system:app' order by id`)
  assert.deepEqual(rows.map((r) => r.action), ['system.paused', 'system.resumed'])
})

test('a system that goes away in the middle is one finding, and is back by itself', async () => {
  const w = await open()
  w.app.faults = Array.from({ length: 8 }, (_, i) => fault('create', 'disconnect', 41 + i))
  const plan = await w.day(staff(400))
  const away = await findings(w, 'SYSTEM_AWAY')
  assert.equal(away.length, 1)
  assert.match(away[0]!.message, /^App does not answer\. \d+ changes wait and go on when it is back\./)
  assert.equal((await w.shown(plan.id)).changes.filter((c) => c.state === 'stuck').length, 0)
  for (let seconds = 0; seconds < 30 && w.queued.length > 0; seconds++) {
    w.later(1000)
    await w.work()
  }
  const done = await w.shown(plan.id)
  assert.deepEqual([done.state, states(done, 'create'), w.accounts().length], ['applied', { done: 400 }, 400])
  assert.deepEqual((await findings(w, 'SYSTEM_AWAY')).map((f) => f.open), [false])
})

test('however long a system is away, nothing is given up, and it is looked for every few seconds', async () => {
  const w = await open()
  await w.hr(staff(30))
  w.app.faults = []
  const { planId } = await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
  const enqueue = w.context.enqueue
  w.context.enqueue = async (task, id, at) => {
    if (task === 'apply-plan') w.app.reachable = false
    await enqueue(task, id, at)
  }
  await w.work()
  w.context.enqueue = enqueue
  for (let rounds = 0; rounds < 40; rounds++) {
    w.later(60_000)
    await w.work()
  }
  const waiting = w.queued.find((q) => q.task === 'apply-plan')!
  assert.ok(waiting.at - Date.parse(w.context.now()) <= 15_000)
  assert.deepEqual(states(await w.shown(planId), 'create'), { again: 30 })
  w.app.reachable = true
  w.later(15_000)
  await w.work()
  assert.deepEqual([(await w.shown(planId)).state, w.accounts().length], ['applied', 30])
})

test('two systems that are back at the same moment are both told as back', async () => {
  const w = await open((p) => { p.systems.push({ ...appSystem(p), id: 'other', name: 'Other', config: { system: 'other' } }) })
  const { policy } = await currentRevision(w.pool)
  const said = (work: (client: Client) => Promise<void>): Promise<void> => transaction(w.pool, async (client) => {
    await work(client)
    await recordAiling(client, policy, w.context.now())
  })
  for (const id of ['app', 'other']) await said(async (client) => { await noteAway(client, id, 'It is off.', w.context.now()) })
  assert.deepEqual((await findings(w, 'SYSTEM_AWAY')).map((f) => f.open), [true, true])
  const bothNoted = Promise.withResolvers<void>()
  let noted = 0
  await Promise.all(['app', 'other'].map((id) => said(async (client) => {
    await noteBack(client, id)
    if (++noted === 2) bothNoted.resolve()
    await bothNoted.promise
  })))
  assert.deepEqual((await findings(w, 'SYSTEM_AWAY')).map((f) => f.open), [false, false])
})

test('a full disk of the database is nobody\'s fault: what was written is recognised once there is room', async () => {
  const w = await open()
  await w.pool.query(`
    create function full_disk() returns trigger language plpgsql as $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$;
    create trigger full_disk before insert on account execute function full_disk();`)
  const { id } = await w.day(staff(3))
  // More often than a fault of ours is tried again before a person has to look.
  for (let minutes = 0; minutes < 8; minutes++) {
    w.later(60_000)
    await w.work()
  }
  const during = await w.shown(id)
  assert.deepEqual([during.state, [...new Set(during.changes.filter((c) => c.stage === 2).map((c) => `${c.state} ${c.code ?? ''}`))]], ['applying', ['waiting ']])
  const written = [...w.app.records.keys()]
  assert.equal(w.accounts().length, 3)
  await w.pool.query('drop function full_disk cascade')
  w.later(60_000)
  await w.settle()
  assert.equal((await w.shown(id)).state, 'applied')
  assert.deepEqual([[...w.app.records.keys()], w.accounts().length], [written, 3])
})

test('a disk that is nearly full is a finding, until there is room again', async () => {
  const w = await open()
  await lookAtDisk(w.context, import.meta.dirname, Number.MAX_SAFE_INTEGER)
  const [{ message, open: isOpen }] = await findings(w, 'DISK_NEARLY_FULL') as [{ message: string; open: boolean }]
  assert.match(message, /has \d+ MB left/)
  assert.equal(isOpen, true)
  // A plan of everybody, which resolves what it no longer finds, has not looked at the disk.
  await w.day(staff(1))
  assert.deepEqual((await findings(w, 'DISK_NEARLY_FULL')).map((f) => f.open), [true])
  await lookAtDisk(w.context, import.meta.dirname, 0)
  assert.deepEqual((await findings(w, 'DISK_NEARLY_FULL')).map((f) => f.open), [false])
})
