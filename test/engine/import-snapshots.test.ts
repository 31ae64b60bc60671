/** Where the rows of a source are kept: a table for each read, dropped when nothing needs it, and pointed to by what came with it. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { searchRecords } from '../../src/store/job-views.ts'
import { sourceRowsOf } from '../../src/store/why.ts'
import { withServers } from '../servers/install.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { kinds, line, openImport, type Import } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const staff = (department: string): string[] => ['E1', 'E2', 'E3'].map((id) => line({ id, first: `First${id}`, department: id === 'E3' ? department : 'Sales' }))

async function importing(on: TestPostgres, bulkMin: number, body: (hr: Import) => Promise<void>): Promise<void> {
  const hr = await openImport(on, undefined, bulkMin)
  try {
    await body(hr)
  } finally {
    await hr.close()
  }
}

async function tables(hr: Import): Promise<number> {
  return (await hr.pool.query(`select from pg_tables where tablename ~ '^snapshot_record_'`)).rowCount ?? 0
}

async function cells(hr: Import, id: string): Promise<unknown> {
  return (await sourceRowsOf(hr.pool, (await hr.person(id)).id, null)).map((r) => [r.row, r.cells['First name'], r.cells['Department'], r.cells['End date']])
}

async function keptAndPruned(on: TestPostgres): Promise<void> {
  await importing(on, 0, async (hr) => {
    await hr.day(staff('Sales'))
    const { rows: own } = await hr.pool.query('select cells from record where cells is not null')
    assert.deepEqual(own, [], 'arrivals point to their snapshot')
    assert.deepEqual(await cells(hr, 'E1'), [[2, 'FirstE1', 'Sales', undefined]])
    for (const n of [1, 2, 3, 4, 5]) {
      const { changes } = await hr.day(staff(`Team ${n}`))
      assert.deepEqual(changes.map((c) => [c.kind, c.reasons[0]?.cells]), [['update', ['hr.csv!F4']]])
    }
    assert.equal(await tables(hr), 1 + 3, 'that of the first import, and the last three')
    assert.deepEqual(await cells(hr, 'E1'), [[2, 'FirstE1', 'Sales', undefined]])
    assert.deepEqual(await cells(hr, 'E3'), [[4, 'FirstE3', 'Team 5', undefined]])
    const { items } = await searchRecords(hr.pool, 'hr', { limit: 10 })
    assert.deepEqual(items.map((r) => (r.cells as Record<string, unknown>)['Employee ID']), ['E1', 'E2', 'E3'])
  })
}

test('a first import keeps its rows, others are dropped, and each value can still say its cell', () => keptAndPruned(server))

withServers(['postgresql'], () => test('the same on the oldest PostgreSQL, with the settings it comes with', async () => {
  const older = await startPostgres({ version: 'debian' })
  try {
    await keptAndPruned(older)
  } finally {
    await older.stop()
  }
}))

test('rows that somebody reads are dropped the next time', async () => {
  await importing(server, Infinity, async (hr) => {
    for (const n of [1, 2, 3]) await hr.day(staff(`Team ${n}`))
    const reader = await hr.pool.connect()
    await reader.query('begin')
    await reader.query('select from snapshot_record limit 1')
    await hr.write(staff('Team 4'))
    const planning = hr.plan()
    await Promise.race([planning, new Promise((resolve) => setTimeout(resolve, 10_000))])
    await hr.apply((await planning).planId)
    assert.equal(await tables(hr), 4)
    await reader.query('commit')
    reader.release()
    await hr.day(staff('Team 5'))
    assert.equal(await tables(hr), 3)
  })
})

test('killed between the load and its indexes, they are made by whoever goes on', async () => {
  await importing(server, 20_000, async (hr) => {
    const rows = Array.from({ length: 20_500 }, (_, i) => line({ id: `E${100_000 + i}`, first: `First${i}`, position: 'A' }))
    const indexes = async (): Promise<string[]> =>
      (await hr.pool.query<{ indexdef: string }>(`select indexdef from pg_indexes where tablename in ('person', 'record') order by 1`)).rows.map((r) => r.indexdef)
    const before = await indexes()
    await hr.write(rows)
    const planned = await hr.plan()
    await hr.pool.query(`create function fail() returns event_trigger language plpgsql as $$ begin raise 'killed'; end $$`)
    await hr.pool.query(`create event trigger no_index on ddl_command_start when tag in ('CREATE INDEX') execute function fail()`)
    await assert.rejects(hr.apply(planned.planId), /killed/)
    assert.equal((await hr.pool.query('select from person')).rowCount, rows.length)
    assert.ok((await indexes()).length < before.length)
    await hr.pool.query('drop event trigger no_index')
    assert.deepEqual(await hr.apply(planned.planId), { done: 0, refused: 0 })
    assert.deepEqual(await indexes(), before)
    const { rows: [key] } = await hr.pool.query<{ n: number }>(`select count(*)::int as n from pg_constraint where conrelid = 'record'::regclass and contype = 'p'`)
    assert.equal(key!.n, 1)
    const next = await hr.day([line({ id: 'E100000', first: 'Other', position: 'A' }), ...rows.slice(1)])
    assert.deepEqual(kinds(next), ['update planned'])
  })
})
