/** Accounts of nobody: listed, linked by a plan, declared, left out, protected; what is protected is never touched. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { searchOrphans, type OrphanKind } from '../../src/store/orphan.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
before(async () => {
  server = await startPostgres()
  w = await openWorld(server)
})
after(async () => {
  await w.close()
  await server.stop()
})

const anna = { id: '1', first: 'Anna', last: 'Nowak' }
const code = (expected: string) => (error: unknown): boolean => error instanceof UsherError && error.code === expected
const list = async (kind: OrphanKind): Promise<string[]> => (await searchOrphans(w.pool, { kind, now: w.context.now(), limit: 100 })).items.map((o) => o.name)
const idOf = async (name: string): Promise<string> => (await w.pool.query<{ id: string }>('select id from account where name = $1', [name])).rows[0]!.id

test('linked by hand, an account is its person\'s, with reasons for what it holds', async () => {
  await w.setPolicy((p) => { p.jobs.find((j) => j.id === 'users')!.scope = 'person.employeeId != "1"' })
  for (const name of ['a.nowak', 'backup', 'kiosk', 'old']) w.add(name)
  w.add('root', {}, { protected: true })
  w.join('vpn', 'a.nowak')
  await w.day([anna])
  assert.deepEqual(await list('nobody'), ['a.nowak', 'backup', 'kiosk', 'old'])
  await w.setPolicy((p) => { delete p.jobs.find((j) => j.id === 'users')!.scope })
  const { planId } = await w.engine.linkAccount({ accountId: await idOf('a.nowak'), personId: await w.person('1') }, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(planId)).systems, ['link a.nowak'])
  assert.equal((await w.reasons('1')).includes('found vpn'), true)
  const after = await w.newest()
  assert.deepEqual([after.cause, w.accounts().filter((a) => a.includes('nowak')).length], ['linked by hand', 1])
  await assert.rejects(w.engine.linkAccount({ accountId: await idOf('backup'), personId: await w.person('1') }, 'ada'), code('CONFLICT'))
})

test('a service has an owner and is not matched; one that is left out comes back after the date', async () => {
  await assert.rejects(w.engine.markAccount({ accountId: await idOf('backup'), kind: 'service' }, 'ada'), code('INVALID_INPUT'))
  await w.engine.markAccount({ accountId: await idOf('backup'), kind: 'service', ownerId: await w.person('1') }, 'ada')
  await w.engine.markAccount({ accountId: await idOf('kiosk'), kind: 'shared' }, 'ada')
  await w.engine.markAccount({ accountId: await idOf('old'), kind: 'ignored', until: '2026-06-20T00:00:00Z' }, 'ada')
  assert.deepEqual([await list('nobody'), await list('service'), await list('shared'), await list('ignored')], [['kiosk'], ['backup'], ['kiosk'], ['old']])
  w.account('backup')!.attributes['personId'] = '2'
  const bo = { id: '2', first: 'Bo', last: 'Ek', department: 'Data' }
  assert.deepEqual((await w.day([anna, bo])).systems.filter((s) => s.includes('bo.ek') || s.includes('backup')), ['create bo.ek'])
  w.at('2026-06-20T00:00:00Z')
  assert.equal((await list('nobody')).includes('old'), true)
})

test('what is protected is refused by every action, and protecting is an edit of the policy', async () => {
  const personId = await w.person('2')
  await w.engine.protectAccount(await idOf('old'), 'ada')
  for (const name of ['root', 'old']) {
    const accountId = await idOf(name)
    await assert.rejects(w.engine.linkAccount({ accountId, personId }, 'ada'), code('PROTECTED'))
    for (const kind of ['service', 'shared', 'ignored'] as const) await assert.rejects(w.engine.markAccount({ accountId, kind, ownerId: personId, until: '2027-01-01T00:00:00Z' }, 'ada'), code('PROTECTED'))
    await assert.rejects(w.engine.protectAccount(accountId, 'ada'), code('PROTECTED'))
  }
  await w.plan()
  assert.equal((await list('nobody')).includes('old'), false)
})
