/** Revisions on a real PostgreSQL. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { emptyPolicy } from '../../src/domain/policy.ts'
import { connect, migrate, transaction, type Pool } from '../../src/store/database.ts'
import { currentRevision, ensurePolicy, listRevisions, revisionAt, saveRevision } from '../../src/store/policy.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

const now = '2026-11-21T08:00:00.000Z'
let server: TestPostgres
let pool: Pool
before(async () => {
  server = await startPostgres()
  pool = connect(server.url)
  await migrate(pool)
  await ensurePolicy(pool, now)
})
after(async () => {
  await pool.end()
  await server.stop()
})

const withRole = (id: string) => ({ ...emptyPolicy, roles: [{ id, name: id }] })
const save = (base: number, document: unknown) =>
  transaction(pool, (client) => saveRevision(client, { base, document, actor: 'ada', message: 'because', now }))

test('each edit is a revision, and old ones stay readable', async () => {
  assert.deepEqual(await currentRevision(pool), { revision: 0, policy: emptyPolicy })
  await ensurePolicy(pool, now)
  const { revision } = await save(0, withRole('sales'))
  assert.equal(revision, 1)
  assert.deepEqual((await currentRevision(pool)).policy.roles, [{ id: 'sales', name: 'sales', grants: [], roles: [] }])
  assert.deepEqual((await revisionAt(pool, 0)).policy, emptyPolicy)
  assert.deepEqual((await listRevisions(pool))[0], { revision: 1, madeAt: now, madeBy: 'ada', message: 'because' })
})

test('an edit that started from an older revision is refused, and so is one of two at once', async () => {
  await assert.rejects(save(0, withRole('other')), (error: unknown) => error instanceof UsherError && error.code === 'POLICY_MOVED' && error.details['current'] === 1)
  const both = await Promise.allSettled([save(1, withRole('one')), save(1, withRole('two'))])
  assert.deepEqual(both.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected'])
  assert.equal((await currentRevision(pool)).revision, 2)
})

test('a policy with errors is refused, naming object and field', async () => {
  const document = { ...emptyPolicy, rules: [{ id: 'broken', name: 'Broken', when: 'true &&', roles: ['none'] }] }
  await assert.rejects(save(2, document), (error: unknown) =>
    error instanceof UsherError && error.code === 'POLICY_INVALID' && error.message === 'rules/broken, when: Unexpected token: the end. (and 1 more)')
  await assert.rejects(save(2, { settings: { timeZone: 'Mars' } }), /settings.timeZone: not a time zone/)
})
