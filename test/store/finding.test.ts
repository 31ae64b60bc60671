import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { recordFindings } from '../../src/store/finding.ts'
import { connect, migrate, type Pool } from '../../src/store/database.ts'
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

const open = async (): Promise<string[]> =>
  (await pool.query<{ message: string }>('select message from finding where resolved_at is null order by message')).rows.map((r) => r.message)

test('a finding is open once, is resolved by a look that no longer finds it, and may open again', async () => {
  const short = { code: 'SOURCE_SHORT', job: 'hr', key: '', message: '5 rows are gone' }
  const person = { code: 'REQUIRED_EMPTY', person: '00000000-0000-4000-8000-000000000001', message: 'no e-mail' }
  await recordFindings(pool, { kind: 'all' }, [short, person], '2026-01-01T00:00:00Z')
  await recordFindings(pool, { kind: 'all' }, [{ ...short, message: '6 rows are gone' }, person], '2026-01-02T00:00:00Z')
  assert.deepEqual(await open(), ['6 rows are gone', 'no e-mail'])
  await recordFindings(pool, { kind: 'people', people: [person.person] }, [], '2026-01-03T00:00:00Z')
  assert.deepEqual(await open(), ['6 rows are gone'])
  await recordFindings(pool, { kind: 'jobs', jobs: ['other'] }, [], '2026-01-03T00:00:00Z')
  assert.deepEqual(await open(), ['6 rows are gone'])
  await recordFindings(pool, { kind: 'jobs', jobs: ['hr'] }, [], '2026-01-04T00:00:00Z')
  assert.deepEqual(await open(), [])
  await recordFindings(pool, { kind: 'all' }, [short], '2026-01-05T00:00:00Z')
  const { rows } = await pool.query('select count(*)::int as n from finding where code = $1', [short.code])
  assert.deepEqual([await open(), rows], [['5 rows are gone'], [{ n: 2 }]])
})
