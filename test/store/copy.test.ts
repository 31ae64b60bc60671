/** Values that are poured in the format of PostgreSQL itself are there as they were. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import { BinaryRows, pourRows } from '../../src/store/copy.ts'
import { connect, transaction, type Pool } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

let server: TestPostgres
let pool: Pool
before(async () => {
  server = await startPostgres()
  pool = connect(server.url)
  await pool.query('create schema usher; create table poured (n int, small smallint, big bigint, id uuid, bytes bytea, text text, texts text[], json jsonb, at timestamptz)')
})
after(async () => {
  await pool.end()
  await server.stop()
})

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((t) => t.replaceAll('\0', ''))
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(one, { nil: null })
const row = fc.record({
  small: fc.integer({ min: -32768, max: 32767 }), big: maybe(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)), id: maybe(fc.uuid()),
  bytes: fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b).toString('hex')), text: maybe(text), texts: fc.array(text, { maxLength: 3 }),
  json: maybe(fc.dictionary(text, fc.oneof(text, fc.boolean(), fc.integer()), { maxKeys: 4 })),
  at: fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }).map((d) => d.toISOString()),
})

test('rows of any values come back as they were poured', async () => {
  await fc.assert(fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 300 }), async (poured) => {
    const { rows } = await transaction(pool, async (client) => {
      await client.query('truncate poured')
      const binary = new BinaryRows()
      for (const [n, one] of poured.entries()) {
        binary.row(9)
        binary.int(n)
        binary.smallint(one.small)
        binary.bigint(one.big)
        binary.uuid(one.id)
        binary.bytes(one.bytes)
        binary.text(one.text)
        binary.texts(one.texts)
        binary.jsonb(one.json === null ? null : JSON.stringify(one.json))
        binary.instant(one.at)
      }
      await pourRows(client, 'poured', binary)
      return await client.query(`select small, big, id, encode(bytes, 'hex') as bytes, text, texts, json, at from poured order by n`)
    })
    assert.deepEqual(rows.map((r) => ({ ...r })), poured.map((r) => ({ ...r, json: r.json === null ? null : { ...r.json } })))
  }), { numRuns: 40 })
})
