/** A system that shows less than it has: nothing is taken for gone, the rest goes on, and the finding says why. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ConnectorDefinition, Page, ReadEnd } from '../../src/connectors/connector.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type Row, type World } from './plan-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const staff = (count: number): Row[] => Array.from({ length: count }, (_, i) => ({ id: String(i + 1), last: `No${i + 1}`, department: i % 2 === 0 ? 'Sales' : 'Data' }))
type Lens = (page: Page, end: ReadEnd) => { page: Page; end: ReadEnd }
const whole: Lens = (page, end) => ({ page, end })

/** Puts a lens before full reads of the system; lookups of single records see as before. */
function veil(world: World): { lens: Lens } {
  const veiled = { lens: whole }
  world.context.connectors = world.context.connectors.map((definition): ConnectorDefinition => (definition.kind !== 'memory' ? definition : {
    ...definition,
    openReader(config, secrets) {
      const reader = definition.openReader(config, secrets)
      return {
        ...reader,
        async* read(scope, signal) {
          const all: Page = { records: [], memberships: [], rejected: [] }
          const pages = reader.read(scope, signal)
          for (let next = await pages.next(); ; next = await pages.next()) {
            if (next.done === true) {
              const { page, end } = veiled.lens(all, next.value)
              yield page
              return end
            }
            all.records.push(...next.value.records)
            all.memberships.push(...next.value.memberships)
          }
        },
      }
    },
  }))
  return veiled
}

const isUser = (r: Page['records'][number]): boolean => r.objectType === 'user'
const half: Lens = (page, end) => ({ page: { ...page, records: page.records.filter((r, i) => !isUser(r) || i % 2 === 0) }, end })
const lenses: { name: string; lens: Lens; code: string; says: RegExp }[] = [
  { name: 'half of the accounts are hidden', lens: half, code: 'SYSTEM_OUT_OF_CONTRACT', says: /of 20 accounts there are 1\d \(at least 14 expected\)|of 20 accounts there are 9|of 20 accounts there are 10/ },
  { name: 'the members of groups are hidden', lens: (page, end) => ({ page: { ...page, memberships: [] }, end }), code: 'SYSTEM_OUT_OF_CONTRACT', says: /of 10 memberships there are 0/ },
  {
    name: 'the key of the accounts is hidden', code: 'SYSTEM_OUT_OF_CONTRACT', says: /attribute "personId" was filled in 100 % of the accounts and is in 0 %/,
    lens: (page, end) => ({ page: { ...page, records: page.records.map((r) => ({ ...r, attributes: Object.fromEntries(Object.entries(r.attributes).filter(([name]) => name !== 'personId')) })) }, end }),
  },
  { name: 'there is no account at all', lens: (page, end) => ({ page: { ...page, records: page.records.filter((r) => !isUser(r)) }, end }), code: 'SYSTEM_EMPTY', says: /no account at all/ },
  {
    name: 'a page is lost in the middle', code: 'SYSTEM_READ_INCOMPLETE', says: /cookie/,
    lens: (page) => ({ page: half(page, { complete: true, count: 0 }).page, end: { complete: false, count: 10, code: 'SYSTEM_READ_INCOMPLETE', because: 'The server forgot the cookie.' } }),
  },
]

test('a system that shows less than it has takes nothing from anybody, whatever is missing; joiners go on', async () => {
  const w = await openWorld(server)
  const veiled = veil(w)
  await w.day(staff(20))
  await w.plan()
  const before = { accounts: w.accounts(), sellers: w.members('sellers') }
  let joiners = 0
  for (const { name, lens, code, says } of lenses) {
    veiled.lens = lens
    joiners += 1
    const plan = await w.day([...staff(20), ...Array.from({ length: joiners }, (_, i) => ({ id: String(101 + i), last: `Joiner${i + 1}`, department: 'Data' }))])
    const found = plan.findings.find((f) => f.system === 'app')
    assert.deepEqual([found?.code, plan.changes.filter((c) => ['disable', 'delete', 'revoke'].includes(c.kind)).length], [code, 0], `${name}: ${found?.message}`)
    assert.match(found!.message, says, name)
    // Where nothing at all is shown, nobody can say who is there already, so joiners wait.
    if (code !== 'SYSTEM_EMPTY') assert.ok(w.account(`ada.joiner${joiners}`)?.enabled, `${name}: the joiner`)
    veiled.lens = whole
    const { rows: [seen] } = await w.pool.query<{ n: number }>(`select count(*)::int as n from account where system_id = 'app' and gone_at is null`)
    assert.equal(seen!.n, w.accounts().length, `${name}: nothing is taken for gone`)
    assert.deepEqual([w.accounts().filter((a) => !a.includes('joiner')), w.members('sellers')], [before.accounts, before.sellers], name)
  }
  await w.close()
})

test('accounts that Usher itself made without a value are no sign of hiding', async () => {
  const w = await openWorld(server)
  const managed: Row[] = staff(20).map((one, i) => (i === 0 ? one : { ...one, manager: '1' }))
  await w.day(managed)
  await w.plan()
  await w.day([...managed, ...staff(60).slice(20)])
  const after = await w.plan()
  assert.deepEqual([after.findings.filter((f) => f.system === 'app'), w.accounts().length], [[], 60])
  await w.close()
})

test('what an operator says is right is believed; what Usher itself took away is no surprise', async () => {
  const w = await openWorld(server, (p) => { p.settings.peopleBrakes = {}; for (const s of p.systems) s.brakes = { disable: {}, revoke: {}, delete: {} } })
  const veiled = veil(w)
  await w.day(staff(20))
  await w.setPolicy((p) => { p.rules = [] })
  await w.plan()
  assert.deepEqual(w.members('sellers'), [])
  const after = await w.plan()
  assert.deepEqual(after.findings, [])
  veiled.lens = half
  const doubtful = await w.plan()
  const brake = doubtful.brakes.find((b) => b.code === 'SYSTEM_OUT_OF_CONTRACT')
  assert.ok(brake !== undefined)
  await w.engine.releaseHeld(doubtful.id, brake.setHash, 'ada')
  await w.work()
  const believed = await w.newest()
  assert.deepEqual([believed.cause, believed.findings.filter((f) => f.system === 'app'), believed.changes.some((c) => c.kind === 'create')], ['release', [], true])
  await w.close()
})
