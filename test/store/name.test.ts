/** Names that are given out at the same time, and looks at records that overlap. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { Page } from '../../src/connectors/connector.ts'
import { connect, migrate, transaction, type Pool } from '../../src/store/database.ts'
import { reserve } from '../../src/store/name.ts'
import { beginLook, settleLookup } from '../../src/store/observed.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

let server: TestPostgres
let pool: Pool
before(async () => {
  server = await startPostgres()
  pool = connect(server.url)
  await migrate(pool)
})
after(async () => {
  await pool.end()
  await server.stop()
})

const now = '2026-01-01T00:00:00Z'
const wish = (n: number, value: string) =>
  ({ personId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, jobId: 'users', systemId: 'crm', attribute: 'name', value })

test('of two who want one name, the second is told that it is taken, whatever its case', async () => {
  assert.deepEqual(await transaction(pool, (client) => reserve(client, [wish(1, 'anna.li')], null, now)), [])
  const taken = await transaction(pool, (client) => reserve(client, [wish(2, 'Anna.Li'), wish(3, 'anna.li2')], null, now))
  assert.deepEqual(taken, [wish(2, 'Anna.Li')])
})

test('of many who want names at once, only those are told whose name is taken', async () => {
  const many = Array.from({ length: 200 }, (_, n) => wish(100 + n, `many${n}`))
  assert.deepEqual(await transaction(pool, (client) => reserve(client, many, null, now)), [])
  const others = Array.from({ length: 200 }, (_, n) => wish(400 + n, n === 7 ? 'Many8' : `others${n}`))
  assert.deepEqual(await transaction(pool, (client) => reserve(client, others, null, now)), [others[7]])
  const { rows } = await pool.query(`select count(*)::int as n, count(distinct reserved_at)::int as instants, min(reserved_at) as at from reserved_name where value ~ '^(many|others)'`)
  assert.deepEqual(rows, [{ n: 399, instants: 1, at: new Date(now).toISOString() }])
})

test('what an earlier look brings after a later one is stale', async () => {
  await pool.query(`insert into entitlement (system_id, object_type, native_id, name, attributes, seen_at) values ('crm', 'group', 'g', 'g', '{}', $1)`, [now])
  const page = (level: number, holds: boolean): Page => ({
    records: [{ objectType: 'user', id: 'u', name: 'u', attributes: { level }, enabled: true }],
    memberships: holds ? [{ entitlementId: 'g', member: { id: 'u' } }] : [], rejected: [],
  })
  const [earlier, later] = [await beginLook(pool), await beginLook(pool)]
  await settleLookup(pool, 'crm', page(2, true), [], later, now)
  await settleLookup(pool, 'crm', page(1, false), [{ objectType: 'user', id: 'u' }], earlier, now)
  await settleLookup(pool, 'crm', { records: [], memberships: [], rejected: [] }, [{ objectType: 'user', id: 'u' }], earlier, now)
  const { rows } = await pool.query(`select a.attributes, a.gone_at, (select count(*)::int from membership) as held from account a`)
  assert.deepEqual(rows, [{ attributes: { level: 2 }, gone_at: null, held: 1 }])
})
