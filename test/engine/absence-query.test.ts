/** People from a table of a real PostgreSQL: whatever hides half of it, nobody is ended; who is deleted there leaves. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import pg from 'pg'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { postgresqlQueryConnector } from '../../src/connectors/postgresql/postgresql-query.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, header, job, openImport, type Import, type Planned } from './import-fixture.ts'

let server: TestPostgres
let source: pg.Client
let hr: Import
const count = 40
const columns = header.split(',').map((name) => pg.escapeIdentifier(name))

before(async () => {
  server = await startPostgres()
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('create database company')
  await admin.end()
  source = new pg.Client({ connectionString: server.urlFor('company') })
  await source.connect()
  await source.query(`
    create role usher_reads login password 'reads'; create schema hr; grant usage on schema hr to usher_reads;
    create table hr.staff (${columns.map((name) => `${name} ${/date|leave/i.test(name) ? 'date' : 'text'}`).join(', ')}, n int);
    insert into hr.staff select 'E' || 1000 + i, 'P' || i, 'First' || i, 'Lovelace', 'e' || i || '@example.org', case i % 2 when 0 then 'Sales' else 'Data' end, null, '2020-01-01', null, null, null, i
      from generate_series(1, ${count}) i;
    create view hr.current as select * from hr.staff;
    create table hr.log (at timestamptz);
    create function hr.everybody() returns setof hr.staff language plpgsql security definer as $$ begin insert into hr.log values (now()); return query select * from hr.staff; end $$;
    grant select on hr.staff, hr.current to usher_reads`)
  hr = await openImport(server, [job('hr', { completeness: { maxShrink: 0.1, vanishedEnds: true } })])
  hr.context.connectors.push(postgresqlQueryConnector as ConnectorDefinition)
  hr.context.secrets = async () => 'reads'
  ask('hr.current')
  const planned = await hr.plan()
  assert.deepEqual([codes(planned), planned.changes.length], [[], count])
  await hr.apply(planned.planId)
})
after(async () => {
  await hr?.close()
  await source?.end()
  await server?.stop()
})

/** Where the next reads ask. */
function ask(query: string, more: object = {}): void {
  Object.assign(hr.revision.policy.systems[0]!, {
    connector: 'postgresql-query', config: { host: server.host, port: server.port, database: 'company', user: 'usher_reads', password: 'hr/password', query, pageSize: 7, ...more },
  })
}

async function harmless(code: string, says: RegExp): Promise<Planned> {
  const planned = await hr.plan()
  assert.deepEqual([codes(planned), planned.changes.filter((c) => c.state === 'planned' && c.kind !== 'update')], [[code], []])
  assert.match(planned.findings.map((f) => f.message).join(), says)
  return planned
}

test('dates stay dates, wherever the server is, and an address leads to the row', async () => {
  const person = await hr.person('E1001')
  assert.deepEqual([person.positions[0]!.start, person.attributes['email']], ['2020-01-01', 'e1@example.org'])
})

test('a policy of row security that hides half of the rows is refused, and where it is allowed the rows are missed', async () => {
  await source.query(`alter table hr.staff enable row level security; create policy half on hr.staff for select using ("Department" = 'Sales')`)
  ask('hr.staff')
  await harmless('SYSTEM_RIGHT_MISSING', /hr\.staff: .*row-level security policy for table "staff".*Nobody is ended/)
  ask('hr.staff', { rowSecurity: 'allow' })
  await harmless('SOURCE_SHORT', /20 of 40 rows .* are gone from hr\.staff/)
  await source.query('alter table hr.staff disable row level security')
})

test('a view that shows half, a query that returns half, none or an error half-way: nobody is ended', async () => {
  await source.query(`create or replace view hr.current as select * from hr.staff where "Department" = 'Sales'`)
  ask('hr.current')
  await harmless('SOURCE_SHORT', /20 of 40 rows .* are gone from hr\.current/)
  ask(`select * from hr.staff where n <= 20 -- half`)
  await harmless('SOURCE_SHORT', /20 of 40 rows .* are gone from The query of company/)
  ask('select * from hr.staff where false')
  await harmless('SOURCE_EMPTY', /has no rows/)
  ask('select s.*, 1 / (n - 30) as x from (select * from hr.staff order by n offset 0) s')
  const columns = hr.revision.policy.jobs[0]!
  Object.assign(columns, { position: { ...columns.mapping, ...('position' in columns ? columns.position : {}), x: 'row["x"]' } })
  await harmless('SYSTEM_REFUSED', /division by zero/)
})

test('a column that is not there, a table without the right to read it, a query that would write', async () => {
  ask('select "Employee ID", "First name" from hr.staff')
  await harmless('SOURCE_COLUMN_MISSING', /"Last name"/)
  for (const there of ['staff', 'hr.nowhere']) {
    ask(there)
    await harmless('SOURCE_MISSING', /relation .* does not exist\. Name the table with its schema/)
  }
  ask('hr.log')
  await harmless('SYSTEM_RIGHT_MISSING', /permission denied for table log/)
  ask('select * from hr.everybody()')
  await harmless('SYSTEM_REFUSED', /read-only transaction/)
  assert.equal((await source.query('select from hr.log')).rowCount, 0)
  const reader = postgresqlQueryConnector.openReader(postgresqlQueryConnector.configSchema.parse({ ...hr.revision.policy.systems[0]!.config, query: 'hr.log' }), async () => 'reads')
  const { ok, steps } = await reader.check(new AbortController().signal)
  assert.deepEqual([ok, steps.map((s) => [s.name, s.ok, s.code])], [false, [[`Connect to ${server.host}:${server.port} and sign in`, true, undefined], ['Read hr.log', false, 'SYSTEM_RIGHT_MISSING']]])
  await reader.close()
})

test('three who are deleted there leave, exactly those, and a joiner comes', async () => {
  hr.setPolicy([job('hr', { completeness: { maxShrink: 0.1, vanishedEnds: true } })])
  ask('hr.staff')
  await source.query(`delete from hr.staff where n in (7, 20, 33); insert into hr.staff ("Employee ID", "Position ID", "First name", "Last name", "E-mail", "Start date") values ('E2000', 'P', 'New', 'One', 'new@example.org', '2020-01-01')`)
  const planned = await hr.plan()
  assert.deepEqual(codes(planned), [])
  await hr.apply(planned.planId)
  const people = await hr.people()
  assert.deepEqual(people.filter((p) => p.state === 'ended').map((p) => p.attributes['employeeId']), ['E1007', 'E1020', 'E1033'])
  assert.equal(people.length, count + 1)
})
