/** Why and why not at a past instant: with the person, the rows, the policy, the reasons and the accounts of then. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { job, openWorld, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
let anna: string
const then = '2026-06-15T12:00:00Z'

before(async () => {
  server = await startPostgres()
  w = await openWorld(server)
  await w.day([{ id: '1', first: 'Anna', last: 'Nowak' }, { id: '2', first: 'Bo', last: 'Ek', department: 'Data' }])
  anna = await w.person('1')
  w.at('2026-06-20T08:00:00Z')
  // She marries, moves and goes on leave; then the rule and the role are gone, and the mapping is another one.
  await w.day([{ id: '2', first: 'Bo', last: 'Ek', department: 'Sales' }, { id: '1', first: 'Anna', last: 'Weiss', department: 'Data', leaveFrom: '2026-06-20' }])
  w.at('2026-06-25T08:00:00Z')
  await w.setPolicy((p) => {
    p.rules = []
    p.roles = []
    job(p, 'users').mapping['displayName'] = 'upper(person.displayName)'
  })
  await w.plan()
})
after(async () => {
  await w.close()
  await server.stop()
})

test('access of then is told by the rule of then, also after rule and role are gone', async () => {
  assert.deepEqual((await w.engine.why(anna)).access, [])
  const { access } = await w.engine.why(anna, then)
  assert.deepEqual(access.map((a) => [a.entitlement, a.present, a.reasons.map((r) => r.kind)]), [['sellers', true, ['rule']]])
  assert.match(access[0]!.reasons[0]!.says, /Rule "Sales staff" gives the role "Seller", because department is Sales/)
  assert.deepEqual(access[0]!.reasons[0]!.origins.flatMap((o) => o.cells.map((c) => [c.column, c.value, o.row])), [['Department', 'Sales', 2]])
})

test('each value of an account says what made it, when, by which plan and from which cells', async () => {
  const [was] = (await w.engine.why(anna, then)).accounts
  const [is] = (await w.engine.why(anna)).accounts
  assert.deepEqual([was!.enabled, is!.enabled], [true, false])
  const value = (account: typeof was, name: string) => account!.attributes.find((a) => a.attribute === name)!
  const [old, now] = [value(was, 'displayName'), value(is, 'displayName')]
  assert.deepEqual([old.value, old.expression, now.value, now.expression], ['Anna Nowak', 'person.displayName', 'ANNA WEISS', 'upper(person.displayName)'])
  assert.ok(old.written!.plan < now.written!.plan && old.written!.at < now.written!.at && old.policyRevision < now.policyRevision)
  const cells = (of: typeof old) => of.origins.flatMap((o) => o.cells.map((c) => `${c.column} ${String(c.value)}`))
  assert.deepEqual([cells(old), cells(now)], [['First name Anna', 'Last name Nowak'], ['First name Anna', 'Last name Weiss']])
})

test('a value that Usher did not write says so', async () => {
  w.account('anna.nowak')!.attributes['displayName'] = 'By hand'
  await w.engine.readSystem('app', 'ada')
  const [account] = (await w.engine.why(anna)).accounts
  const found = account!.attributes.find((a) => a.attribute === 'displayName')!
  assert.deepEqual([found.value, found.written], ['By hand', null])
})

test('why not at a past instant names the condition of then and the value that it saw', async () => {
  const target = { entitlementId: await w.entitlement('sellers') }
  const bo = await w.person('2')
  const not = await w.engine.whyNot(bo, target, then)
  assert.deepEqual([not.has, not.ways.map((way) => [way.rule, Object.values(way.failed?.saw ?? {})])], [false, [['sales', ['Data']]]])
  assert.equal((await w.engine.whyNot(bo, target, '2026-06-21T00:00:00Z')).has, true)
  assert.deepEqual((await w.engine.whyNot(bo, target)).ways.map((way) => way.says), ['No role gives it.'])
  await assert.rejects(w.engine.whyNot(bo, target, '2026-01-01T00:00:00Z'), { code: 'NOT_FOUND' })
})
