import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  parseId,
  parseName,
  parseTablePattern,
  privilegeId,
  privilegeName,
  privilegesOf,
  type Privilege,
} from './postgresql-names.ts'

test('ids and names of privileges, as people will see them', () => {
  const orders: Privilege = { kind: 'table', schema: 'sales', object: 'orders', privilege: 'SELECT' }
  assert.equal(privilegeId(orders), 'table:sales.orders:SELECT')
  assert.equal(privilegeName(orders), 'SELECT on sales.orders')
  assert.equal(privilegeId({ kind: 'table', schema: 'sales', privilege: 'INSERT' }), 'table:sales.*:INSERT')
  assert.equal(privilegeName({ kind: 'schema', object: 'sales', privilege: 'USAGE' }), 'USAGE on schema sales')
  assert.equal(
    privilegeId({ kind: 'database', object: 'Ware.house', privilege: 'CONNECT' }),
    'database:"Ware.house":CONNECT',
  )
})

test('whatever a thing is called, its id and name lead back to it, and to nothing else', () => {
  const name = fc
    .oneof(fc.constantFrom('*', 'a.b', '"', '"."', 'x:SELECT', 'Order', 'on', ''), fc.string())
    .filter((text) => text !== '')
  const privilege = fc.oneof(
    fc.record({
      kind: fc.constant('database' as const),
      object: name,
      privilege: fc.constantFrom(...privilegesOf.database),
    }),
    fc.record({
      kind: fc.constant('schema' as const),
      object: name,
      privilege: fc.constantFrom(...privilegesOf.schema),
    }),
    fc.record({
      kind: fc.constant('table' as const),
      schema: name,
      object: name,
      privilege: fc.constantFrom(...privilegesOf.table),
    }),
    fc.record({ kind: fc.constant('table' as const), schema: name, privilege: fc.constantFrom(...privilegesOf.table) }),
  )
  fc.assert(fc.property(privilege, (generated) => {
    const one = { ...generated }
    assert.deepEqual(parseId(privilegeId(one)), one)
    assert.deepEqual(parseName(privilegeName(one)), one)
  }))
})

test('what is not a privilege is none', () => {
  for (const id of [
    '',
    'table:sales.orders:SELECT0',
    'table:sales:SELECT',
    'database:x:SELECT',
    'schema:a b:USAGE',
    '16384',
  ]) {
    assert.equal(parseId(id), undefined, id)
  }
})

test('patterns of tables', () => {
  assert.deepEqual(parseTablePattern('sales.orders'), { schema: 'sales', table: 'orders' })
  assert.deepEqual(parseTablePattern('sales.*'), { schema: 'sales' })
  assert.deepEqual(parseTablePattern('"My Schema"."*"'), { schema: 'My Schema', table: '*' })
  assert.equal(parseTablePattern('sales'), undefined)
})
