/** What Node makes of a record as it is read, and what PostgreSQL makes of the stored row, is the same digest. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import { openTexts } from '../../src/domain/shown.ts'
import { connect, migrate, type Pool } from '../../src/store/database.ts'
import { digestOf } from '../../src/store/digest.ts'
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

// PostgreSQL keeps no zero bytes; Usher turns them away before.
const word = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', ''))
const value = fc.oneof(word, fc.boolean(), fc.integer(), fc.array(word, { maxLength: 4 }))
const record = fc.record({ name: word, attributes: fc.dictionary(word, value, { maxKeys: 6 }), enabled: fc.boolean(), protected: fc.boolean() })

test('both digests are the same for any record, whatever was digested before', async () => {
  const textOf = openTexts()
  await fc.assert(fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
    const { rows } = await pool.query<{ digest: string }>(
      `select encode(usher.account_digest(name, attributes, enabled, protected), 'hex') as digest
         from unnest($1::text[], $2::jsonb[], $3::boolean[], $4::boolean[]) with ordinality as u (name, attributes, enabled, protected, n) order by n`,
      [records.map((r) => r.name), records.map((r) => JSON.stringify(r.attributes)), records.map((r) => r.enabled), records.map((r) => r.protected)])
    assert.deepEqual(records.map((r) => digestOf(textOf(r))), rows.map((r) => r.digest))
  }), { numRuns: 60 })
})

test('whatever differs makes another digest', () => {
  const textOf = openTexts()
  const plain = { name: 'cn=a', attributes: { cn: 'a', mail: ['x', 'y'] }, enabled: true, protected: false }
  const others = [
    { ...plain, name: 'cn=b' }, { ...plain, enabled: false }, { ...plain, protected: true }, { ...plain, attributes: { cn: 'a', mail: ['x'] } },
    { ...plain, attributes: { cn: 'b', mail: ['x', 'y'] } }, { ...plain, attributes: { cn: 'a' } }, { ...plain, attributes: { ...plain.attributes, sn: 'a' } },
  ]
  assert.equal(new Set([plain, ...others].map((r) => digestOf(textOf(r)))).size, others.length + 1)
})
