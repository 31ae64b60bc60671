/** Brakes over many small plans, on privileged entitlements, with two users; and what is no matter for them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import type { PlanBrake } from '../../src/domain/plan.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { appSystem, openWorld, type Plan, type Row, type World } from './plan-fixture.ts'

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

const staff = (count: number, more: (i: number) => Partial<Row> = () => ({})): Row[] => Array.from({ length: count }, (_, i) => ({ id: String(i + 1), ...more(i) }))
const shown = ({ kind, planned, of, window, privileged }: PlanBrake): string =>
  `${privileged ? 'privileged ' : ''}${kind} ${planned}${window === undefined ? '' : `+${window.counted}`}/${of}`
const unreleased = (plan: Plan): string[] => plan.brakes.filter((b) => b.released === undefined).map(shown)
const code = (expected: string) => (error: unknown): boolean => error instanceof UsherError && error.code === expected
const disabled = (w: World): number => w.accounts().filter((a) => a.endsWith('(disabled)')).length

test('many plans of one person each are braked like one plan of all of them', async () => {
  const w = await open((p) => { appSystem(p).brakes = { revoke: { count: 3, share: 0.2 } } })
  await w.day(staff(16))
  await w.setPolicy((p) => { p.rules = [] })
  const plans: Plan[] = []
  for (const { id } of staff(10)) plans.push(await w.plan({ people: [await w.person(id)] }))
  assert.deepEqual([w.members('sellers').length, plans.filter((p) => p.state === 'held').length], [13, 7])
  assert.deepEqual(unreleased(plans.at(-1)!), ['revoke 1+3/16'])
  // A day later they count no more, and the plan of all of them is too much by itself. It is in the database: a restart forgets nothing.
  w.days(1)
  assert.deepEqual(unreleased(await w.plan()), ['revoke 13/13'])
})

test('plans that were computed before others filled the window are held when they are approved', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve'; appSystem(p).brakes = { revoke: { count: 2 } } })
  await w.approve(await w.day(staff(4)))
  await w.setPolicy((p) => { p.rules = [] })
  const plans: Plan[] = []
  for (const { id } of staff(4)) plans.push(await w.plan({ people: [await w.person(id)] }))
  assert.deepEqual(plans.map((p) => p.state), ['open', 'open', 'open', 'open'])
  for (const plan of plans.slice(0, 2)) assert.equal((await w.approve(plan)).state, 'applied')
  await assert.rejects(w.approve(plans[2]!), code('PLAN_BRAKED'))
  const held = await w.shown(plans[2]!.id)
  assert.deepEqual([held.state, unreleased(held), held.systems], ['held', ['revoke 1+2/4'], ['revoke ada.no3 sellers held']])
  await w.engine.releaseHeld(held.id, held.brakes[0]!.setHash, 'ada')
  assert.equal((await w.approve(held)).state, 'applied')
  // What somebody released does not count against the next one; the two before it still do.
  await assert.rejects(w.approve(plans[3]!), code('PLAN_BRAKED'))
  assert.deepEqual(unreleased(await w.shown(plans[3]!.id)), ['revoke 1+2/3'])
})

test('a window may be longer, have limits of its own, or be turned off', async () => {
  for (const [window, held] of [[null, 0], [{ hours: 48, count: 1 }, 3], [{ hours: 1 }, 2]] as const) {
    const w = await open((p) => { appSystem(p).brakes = { revoke: { count: 2, window } } })
    await w.day(staff(4))
    await w.setPolicy((p) => { p.rules = [] })
    for (const { id } of staff(4)) await w.plan({ people: [await w.person(id)] })
    assert.equal(w.members('sellers').length, held, JSON.stringify(window))
  }
})

test('privileged entitlements have stricter brakes, by name or pattern, for a plan and over the window', async () => {
  const w = await open((p) => {
    appSystem(p).privileged = ['VP*']
    p.roles.push({ id: 'remote', name: 'Remote', grants: [{ system: 'app', entitlement: 'vpn' }], roles: [] })
    p.rules.push({ id: 'away', name: 'Away', when: 'position.department.startsWith("Away")', roles: ['remote'] })
  })
  const away = (count: number) => staff(12, (i) => (i < count ? { department: 'Away' } : {}))
  await w.day(away(0))
  await w.day(away(3))
  assert.equal(w.members('vpn').length, 3)
  const fourth = await w.day(away(4))
  assert.deepEqual([unreleased(fourth), w.members('vpn').length], [['privileged grant 1+3/3'], 3])
  w.days(2)
  await w.plan()
  assert.equal(w.members('vpn').length, 4)
  const back = await w.day(away(0))
  assert.deepEqual([unreleased(back), w.members('vpn').length], [['privileged revoke 4/4'], 4])
  await w.engine.releaseHeld(back.id, back.brakes[0]!.setHash, 'ada')
  await w.work()
  assert.deepEqual(w.members('vpn'), [])
})

test('what a person gives and takes one by one is neither braked nor counted', async () => {
  const w = await open((p) => {
    appSystem(p).privileged = ['vpn']
    p.roles.push({ id: 'remote', name: 'Remote', grants: [{ system: 'app', entitlement: 'vpn' }], roles: [] })
  })
  await w.day(staff(8))
  const reasons: string[] = []
  for (const { id } of staff(8)) {
    reasons.push((await w.engine.grant({ personId: await w.person(id), ...(Number(id) % 2 === 0 ? { roleId: 'remote' } : { entitlementId: await w.entitlement('vpn') }) }, 'ada')).reasonId)
    await w.work()
  }
  assert.equal(w.members('vpn').length, 8)
  for (const reason of reasons) {
    await w.engine.endReason(reason, 'ada')
    await w.work()
  }
  assert.deepEqual(w.members('vpn'), [])
})

test('an edit of a role that people hold is braked, although each of them got the role by hand', async () => {
  const w = await open((p) => {
    appSystem(p).privileged = ['vpn']
    p.roles.push({ id: 'remote', name: 'Remote', grants: [], roles: [] })
  })
  await w.day(staff(5))
  for (const { id } of staff(5)) await w.engine.grant({ personId: await w.person(id), roleId: 'remote' }, 'ada')
  await w.work()
  await w.setPolicy((p) => { p.roles.find((r) => r.id === 'remote')!.grants.push({ system: 'app', entitlement: 'vpn' }) })
  const plan = await w.plan()
  assert.deepEqual([unreleased(plan), w.members('vpn')], [['privileged grant 5/0'], []])
})

test('access that ends when it was agreed to end is not braked, however much of it', async () => {
  const w = await open((p) => { appSystem(p).brakes = { revoke: { count: 2 } } })
  await w.day(staff(10))
  const vpn = await w.entitlement('vpn')
  for (const { id } of staff(10)) await w.engine.grant({ personId: await w.person(id), entitlementId: vpn, until: '2026-06-20T12:00:00Z' }, 'ada')
  await w.work()
  assert.equal(w.members('vpn').length, 10)
  w.at('2026-06-20T12:00:01Z')
  // Also where it waits for somebody's approval, and is planned anew.
  await w.setPolicy((p) => { appSystem(p).method = 'approve' })
  await w.plan()
  const plan = await w.approve(await w.plan())
  assert.deepEqual([plan.brakes, w.members('vpn')], [[], []])
})

test('access that outlived its agreed end is braked when an edit of a role or a rule takes it', async () => {
  for (const edit of ['role', 'rule']) {
    const w = await open((p) => {
      appSystem(p).brakes = { revoke: { count: 2 } }
      p.roles.push({ id: 'remote', name: 'Remote', grants: [{ system: 'app', entitlement: 'vpn' }], roles: [] })
    })
    await w.day(staff(5))
    for (const { id } of staff(5)) await w.engine.grant({ personId: await w.person(id), entitlementId: await w.entitlement('vpn'), until: '2026-06-20T12:00:00Z' }, 'ada')
    await w.work()
    const sales = (p: Policy) => p.rules.find((r) => r.id === 'sales')!
    await w.setPolicy((p) => { sales(p).roles.push('remote') })
    w.at('2026-06-25T12:00:00Z')
    await w.plan()
    assert.equal(w.members('vpn').length, 5)
    await w.setPolicy((p) => { edit === 'rule' ? sales(p).roles.pop() : p.roles.find((r) => r.id === 'remote')!.grants.pop() })
    assert.deepEqual([unreleased(await w.plan()), w.members('vpn').length], [['revoke 5/10'], 5], edit)
  }
})

test('people leave on the day that was always known; a day that was brought forward is braked', async () => {
  const known = (until: string) => staff(16, (i) => (i < 8 ? { end: until } : {}))
  const w = await open()
  await w.day(known('2026-06-20'))
  w.at('2026-06-21T08:00:00Z')
  const left = await w.plan()
  assert.deepEqual([left.brakes, disabled(w)], [[], 8])

  const later = await open()
  await later.day(known('2026-06-18'))
  await later.day(known('2026-06-20'))
  later.at('2026-06-21T08:00:00Z')
  assert.deepEqual([(await later.plan()).brakes, disabled(later)], [[], 8])

  const sooner = await open()
  await sooner.day(known('2026-12-31'))
  await sooner.day(known('2026-06-20'))
  sooner.at('2026-06-21T08:00:00Z')
  const held = await sooner.plan()
  assert.deepEqual([unreleased(held)[0], disabled(sooner)], ['disable 8/16', 0])

  const sudden = await open()
  await sudden.day(staff(16))
  await sudden.day(known('2026-06-20'))
  sudden.at('2026-06-21T08:00:00Z')
  assert.deepEqual([unreleased(await sudden.plan())[0], disabled(sudden)], ['disable 8/16', 0])
})

test('where a second person is needed, one user alone releases nothing; tokens are their user', async () => {
  const w = await open((p) => { p.settings.secondPerson = true; p.settings.peopleBrakes = {} })
  await w.pool.query(`insert into auth."user" ("id", "name", "email", "emailVerified", "role") values ('ada', 'Ada', 'ada@example.org', true, 'operator')`)
  await w.pool.query(`insert into auth."apikey" ("id", "configId", "referenceId", "key", "createdAt", "updatedAt") values ('t1', 'c', 'ada', 'k', now(), now())`)
  await w.day(staff(20))
  const held = await w.day(staff(20, (i) => (i < 7 ? { end: '2026-06-14' } : {})))
  const { setHash } = held.brakes[0]!
  assert.equal(held.brakes[0]!.secondPerson, true)
  assert.deepEqual(await w.engine.releaseHeld(held.id, setHash, 'ada'), { pending: true, planId: held.id })
  await w.work()
  assert.deepEqual([disabled(w), (await w.shown(held.id)).brakes[0]!.pending?.by], [0, 'ada'])
  for (const actor of ['ada', 'token:t1']) await assert.rejects(w.engine.releaseHeld(held.id, setHash, actor), code('SECOND_PERSON_NEEDED'))
  const again = await w.plan()
  assert.deepEqual([again.state, again.brakes[0]!.pending?.by], ['held', 'ada'])
  assert.deepEqual(await w.engine.releaseHeld(again.id, setHash, 'grace'), { pending: false, planId: again.id })
  await w.work()
  const { by, second } = (await w.shown(again.id)).brakes[0]!.released!
  assert.deepEqual([by, second, disabled(w)], ['ada', 'grace', 7])
})

test('a second person may be asked for one kind only, and the first word lapses, too', async () => {
  const w = await open((p) => { appSystem(p).brakes = { disable: { count: 5, secondPerson: true } }; p.settings.peopleBrakes = {} })
  const ended = (count: number) => staff(30, (i) => (i < count ? { end: '2026-06-14' } : {}))
  await w.day(staff(30))
  const held = await w.day(ended(25))
  assert.deepEqual(held.brakes.map((b) => [shown(b), b.secondPerson]), [['disable 25/30', true], ['revoke 25/30', undefined]])
  assert.deepEqual(await w.engine.releaseHeld(held.id, held.brakes[1]!.setHash, 'ada'), { pending: false, planId: held.id })
  // The released part is under way by now; the rest can still be released.
  assert.deepEqual(await w.engine.releaseHeld(held.id, held.brakes[0]!.setHash, 'ada'), { pending: true, planId: held.id })
  w.days(8)
  const later = await w.plan()
  assert.deepEqual(later.brakes.map((b) => b.pending), [undefined])
  assert.deepEqual(await w.engine.releaseHeld(later.id, later.brakes[0]!.setHash, 'grace'), { pending: true, planId: later.id })
  await w.work()
  assert.equal(disabled(w), 0)
})
