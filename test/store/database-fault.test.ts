/** Which errors are the database's own: neither those of what it was asked, nor what a connector says of another database. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { connect, databaseFault, isPassing } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(async () => { await server.stop() })

async function failureOf(sql: string, url = server.url): Promise<unknown> {
  const pool = connect(url, { max: 1 })
  try {
    return await pool.query(sql).then(() => undefined, (error: unknown) => error)
  } finally {
    await pool.end()
  }
}
const said = (error: unknown): [code: string | undefined, passing: boolean] => [databaseFault(error)?.code, isPassing(error)]

test('a database that ends a connection, takes none, or has no disk left is at fault; what it refuses is not', async () => {
  assert.deepEqual(said(await failureOf('select pg_terminate_backend(pg_backend_pid())')), ['DATABASE_UNREACHABLE', true])
  assert.deepEqual(said(await failureOf('select 1', 'postgres://nobody@127.0.0.1:1/nothing')), ['DATABASE_UNREACHABLE', true])
  assert.deepEqual(said(await failureOf(`do $$ begin raise 'full' using errcode = 'disk_full'; end $$`)), ['DATABASE_FULL', false])
  assert.deepEqual(said(await failureOf(`do $$ begin raise 'no' using errcode = 'deadlock_detected'; end $$`)), [undefined, true])
  assert.deepEqual(said(await failureOf('select 1 / 0')), [undefined, false])
})

test('a system whose connection ends in the same words is not taken for the database', async () => {
  const words = 'Connection terminated unexpectedly'
  assert.deepEqual(said(new Error(words)), ['DATABASE_UNREACHABLE', true])
  assert.deepEqual(said(new UsherError('SYSTEM_UNREACHABLE', words, {}, new Error(words))), [undefined, false])
})
