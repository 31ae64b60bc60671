/** Names that are given out at the same time, and looks at records that overlap. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { Page } from '../../src/connectors/connector.ts'
import { connect, migrate, transaction, type Pool } from '../../src/store/database.ts'
import { namesInUse, reserve, takenNames } from '../../src/store/name.ts'
import { indexNames, nameOf } from '../../src/store/name-index.ts'
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

test('where there are many records, a name is found by the index of its attribute; one that was left half made is made again', async () => {
  const attributes = ['uid', 'its "name"']
  const made = async () => (await pool.query<{ name: string; valid: boolean }>(
    `select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 'account'::regclass and indexrelid::regclass::text like '%account_by_%' order by 1`)).rows
  await indexNames(pool, attributes)
  assert.deepEqual(await made(), [])
  await pool.query(`insert into account (system_id, object_type, native_id, name, attributes, enabled, seen_at)
    select 'many', 'user', n::text, n::text, jsonb_build_object('uid', 'User' || n, $1::text, 'Other' || n), true, $2 from generate_series(1, 20001) n`, [attributes[1], now])
  await pool.query('analyze account')
  await indexNames(pool, attributes)
  const both = [{ name: '"account_by_its ""name"""', valid: true }, { name: 'account_by_uid', valid: true }]
  assert.deepEqual(await made(), both)
  await pool.query(`update pg_index set indisvalid = false where indexrelid = 'account_by_uid'::regclass`)
  await indexNames(pool, attributes)
  assert.deepEqual(await made(), both)
  // What is no name stands in no way, however long it is and however little it can be compressed.
  await pool.query(`insert into account (system_id, object_type, native_id, name, attributes, enabled, seen_at)
    select 'many', 'user', 'long', 'long', jsonb_build_object('uid', (select string_agg(md5(n::text), '') from generate_series(1, 500) n)), true, $1`, [now])
  await transaction(pool, async (client) => {
    assert.deepEqual(await takenNames(client, 'many', attributes[1]!, ['other7', 'other20002']), new Set(['other7']))
    assert.deepEqual(await namesInUse(client, 'many', 'uid', ['USER20001', 'user0']), new Set(['user20001']))
  })
  const plan = await pool.query<{ 'QUERY PLAN': string }>(`explain select from account where system_id = 'many' and gone_at is null and ${nameOf('uid')} = any ('{user7}')`)
  assert.match(plan.rows.map((r) => r['QUERY PLAN']).join('\n'), /account_by_uid/)
  await pool.query('delete from account')
})

test('what an earlier look brings after a later one is stale', async () => {
  await pool.query(`insert into entitlement (system_id, object_type, native_id, name, attributes, seen_at) values ('crm', 'group', 'g', 'g', '{}', $1)`, [now])
  const page = (level: number, holds: boolean): Page => ({
    records: [{ objectType: 'user', id: 'u', name: 'u', attributes: { level }, enabled: true }],
    memberships: holds ? [{ entitlementId: 'g', member: { id: 'u' } }] : [], rejected: [],
  })
  const [earlier, later] = [await beginLook(pool), await beginLook(pool)]
  await settleLookup(pool, 'crm', { page: page(2, true), asked: [], look: later, older: now }, now)
  await settleLookup(pool, 'crm', { page: page(1, false), asked: [{ objectType: 'user', id: 'u' }], look: earlier, older: now }, now)
  await settleLookup(pool, 'crm', { page: { records: [], memberships: [], rejected: [] }, asked: [{ objectType: 'user', id: 'u' }], look: earlier, older: now }, now)
  const { rows } = await pool.query(`select a.attributes, a.gone_at, (select count(*)::int from membership) as held from account a`)
  assert.deepEqual(rows, [{ attributes: { level: 2 }, gone_at: null, held: 1 }])
})
