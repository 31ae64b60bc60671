/** Leavers whom a source ended and the brakes of systems: which of them hold the lane, and how they are let go. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Policy } from '../../src/domain/policy.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { applyPeople } from '../../src/engine/plan-people.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { appSystem, job, openWorld, type Plan, type Row, type World } from './plan-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const worlds: World[] = []
const open = async (edit?: (policy: Policy) => void): Promise<World> => {
  const world = await openWorld(server, edit)
  worlds.push(world)
  return world
}
after(() => Promise.all(worlds.map((w) => w.close())))

const { signal } = new AbortController()
const ended = '2026-06-14'
/** Sixty people; the first `leaving` of them have left. */
const staff = (leaving: number, more: (i: number) => Partial<Row> = () => ({})): Row[] =>
  Array.from({ length: 60 }, (_, i) => ({ id: String(i + 1), ...(i < leaving ? { end: ended } : {}), ...more(i) }))
const disabled = (w: World): number => w.accounts().filter((a) => a.endsWith('(disabled)')).length
const clocks = async (w: World): Promise<string[]> => (await w.pool.query<{ s: string }>(
  `select s.state || coalesce(' ' || s.words, '') as s from leaver_system s join leaver l on l.id = s.leaver_id order by 1`)).rows.map((r) => r.s)
const leaverPlans = async (w: World): Promise<Plan[]> => {
  const { rows } = await w.pool.query<{ id: string }>(`select id from plan where cause = 'leaver' order by number`)
  return await Promise.all(rows.map((r) => w.shown(r.id)))
}
const held = 'waits A limit that this system sets holds it until somebody releases it.'

test('the limits that every system has hold no leaver: the brake on people had its say', async () => {
  // In a system with few accounts they are many.
  const w = await open((p) => { Object.assign(job(p, 'users'), { scope: 'position.department == "Data"' }) })
  const department = (i: number): Partial<Row> => ({ department: i < 8 ? 'Data' : 'Sales' })
  await w.day(staff(0, department))
  const plan = await w.day(staff(6, department))
  assert.deepEqual([plan.state, plan.brakes.map((b) => `${b.system} ${b.kind} ${b.planned}/${b.of}`)], ['held', ['app disable 6/8']])
  await runLeavers(w.context, signal)
  assert.deepEqual([disabled(w), await clocks(w)], [6, Array(6).fill('gone')])
})

test('a limit that a system sets itself holds them there, until somebody releases the set', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 2 } } })
  await w.day(staff(0))
  await w.day(staff(3))
  await runLeavers(w.context, signal)
  const [plan] = await leaverPlans(w)
  assert.deepEqual([plan!.state, plan!.brakes.map((b) => [b.system, b.kind, b.planned])], ['held', [['app', 'disable', 3]]])
  // What no limit holds was taken away.
  assert.deepEqual([disabled(w), w.members('sellers').length, await clocks(w)], [0, 57, Array(3).fill(held)])
  // It waits, and is not planned again and again.
  w.later(20_000)
  await runLeavers(w.context, signal)
  assert.equal((await leaverPlans(w)).length, 1)
  await w.engine.releaseHeld(plan!.id, plan!.brakes[0]!.setHash, 'ada')
  await w.work()
  w.later(20_000)
  await runLeavers(w.context, signal)
  assert.deepEqual([disabled(w), await clocks(w)], [3, Array(3).fill('gone')])
})

test('also where plans wait for approval: leavers need none there, so the release alone lets them go', async () => {
  const w = await open((p) => { Object.assign(appSystem(p), { method: 'approve', brakes: { disable: { count: 2 } } }) })
  await w.approve(await w.day(staff(0)))
  await w.day(staff(3))
  await runLeavers(w.context, signal)
  const [held] = await leaverPlans(w)
  assert.deepEqual([held!.state, disabled(w)], ['held', 0])
  await w.engine.releaseHeld(held!.id, held!.brakes[0]!.setHash, 'ada')
  await w.work()
  w.later(20_000)
  await runLeavers(w.context, signal)
  assert.deepEqual([disabled(w), await clocks(w)], [3, Array(3).fill('gone')])
})

test('few by few they do not slip past it either', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 2 } } })
  await w.day(staff(0))
  for (let n = 1; n <= 4; n++) {
    await w.day(staff(n))
    await runLeavers(w.context, signal)
  }
  assert.equal(disabled(w), 2)
})

test('what the plan that ended them was let do is not held once more', async () => {
  const w = await open((p) => {
    appSystem(p).brakes = { disable: { count: 2 } }
    Object.assign(job(p, 'users'), { scope: 'position.department != "Data"' })
    job(p, 'people').method = 'approve'
  })
  await w.approve(await w.day(staff(0)))
  // The set that is released has somebody in it who only moves, so it is another one than that of the leavers.
  const plan = await w.day(staff(3, (i) => (i === 59 ? { department: 'Data' } : {})))
  assert.deepEqual(plan.brakes.map((b) => b.planned), [4])
  await w.engine.releaseHeld(plan.id, plan.brakes[0]!.setHash, 'ada')
  await w.engine.approvePlan(plan.id, plan.hash, 'ada')
  // People first; the lane comes before the systems' turn.
  await applyPeople(w.context, plan.id, signal)
  await runLeavers(w.context, signal)
  assert.deepEqual([disabled(w), await clocks(w)], [3, Array(3).fill('gone')])
  await w.work()
  assert.equal(disabled(w), 4)
  assert.deepEqual((await leaverPlans(w)).map((p) => [p.state, p.brakes]), [['applied', []]])
})

test('whom a human ended by name, and dates that were always known, no limit of a system holds', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 0 }, revoke: { count: 0 } } })
  await w.day(staff(0, (i) => (i < 2 ? { end: '2026-06-20' } : {})))
  await w.engine.endPerson({ personId: await w.person('9') }, 'ada')
  await runLeavers(w.context, signal)
  assert.equal(disabled(w), 1)
  w.at('2026-06-21T00:00:00Z')
  await runLeavers(w.context, signal)
  assert.deepEqual([disabled(w), await clocks(w)], [3, Array(3).fill('gone')])
})

test('whom a human ended, who came back, and whom a source ends then, is held like anybody', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 2, window: null } } })
  const all = (more: Partial<Row> = {}): Row[] => ['1', '2', '3', '4'].map((id) => ({ id, ...more }))
  await w.day(all())
  for (const { id } of all()) await w.engine.endPerson({ personId: await w.person(id) }, 'ada')
  await runLeavers(w.context, signal)
  assert.equal(disabled(w), 4)
  w.days(10)
  await w.day(all({ start: '2026-06-20' }))
  assert.equal(disabled(w), 0)
  const plan = await w.day(all({ start: '2026-06-20', end: '2026-06-24' }))
  assert.deepEqual(plan.brakes.map((b) => `${b.system} ${b.kind} ${b.planned}`), ['app disable 4'])
  await runLeavers(w.context, signal)
  assert.equal(disabled(w), 0)
})
