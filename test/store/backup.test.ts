/** Backup and restore of Usher's own database, between PostgreSQL versions, too. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { PassThrough, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { backup, restore } from '../../src/store/backup.ts'
import { connect, migrate, transaction, type Pool } from '../../src/store/database.ts'
import { attachRecords, copyRecords, pruneSnapshots } from '../../src/store/snapshot.ts'
import { withServers } from '../servers/install.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

const at = '2026-11-21T12:00:00Z'
let server: TestPostgres
let source: Pool
let taken: Buffer
const pools: Pool[] = []

before(async () => {
  server = await startPostgres()
  source = await newDatabase(server)
  await migrate(source)
  await fill(source)
  taken = await take(source)
})

after(async () => {
  for (const pool of pools) await pool.end()
  await server.stop()
})

async function newDatabase(on: TestPostgres): Promise<Pool> {
  const name = `usher_${randomUUID().slice(0, 8)}`
  const admin = connect(on.url)
  await admin.query(`create database ${name}`)
  await admin.end()
  const pool = connect(on.urlFor(name))
  pools.push(pool)
  return pool
}

/** Rows with what is awkward in text: line ends, tabs, backslashes, nulls, bytes, lists, references to other tables. */
async function fill(pool: Pool): Promise<void> {
  const people = Array.from({ length: 5000 }, () => randomUUID())
  await pool.query(`insert into policy_revision values (1, '{"a": "tab\\\\t \\\\n Łukasz"}', $1, 'usher', E'two\\nlines \\\\N \\\\.')`, [at])
  await pool.query(
    `insert into person (id, attributes, positions, state, created_at, changed_at)
     select id, jsonb_build_object('displayName', E'Zoë\\\\\\t' || id), '[]', 'active', $2, $2 from unnest($1::uuid[]) id`, [people, at])
  await pool.query(
    `insert into match_case (id, job_id, key, code, candidates, opened_at, person_id) values ($1, 'hr', 'k', 'MATCH_AMBIGUOUS', $2, $3, $4)`,
    [randomUUID(), people.slice(0, 2), at, people[0]])
  const snapshots = Array.from({ length: 2 }, () => randomUUID())
  for (const [i, id] of snapshots.entries()) {
    await pool.query(`insert into snapshot (id, job_id, system_id, policy_revision, read_at, state, columns) values ($1, 'hr', 'hr', 1, $2, 'complete', '{a,b}')`, [id, at])
    await transaction(pool, async (client) => {
      await copyRecords(client, id, [])
      await attachRecords(client, id)
    })
    await pool.query(
      `insert into snapshot_record (snapshot_id, key, row, hash, cells, attributes, positions, person_id)
       select $1, n::text, n, '\\x00', json_build_array(n, 'tab' || chr(9)), '{}', '[]', gen_random_uuid() from generate_series(1, $2::int) n`, [id, 50 * (i + 1)])
  }
  const plan = randomUUID()
  await pool.query(`insert into plan (id, cause, policy_revision, as_of, made_by, made_at) values ($1, 'test', 1, $2, 'ada', $2)`, [plan, at])
  await pool.query(
    `insert into plan_change (plan_id, stage, kind, system_id, job_id, person_id, hash, state)
     select $1, 2, 'disable', 'app', 'users', unnest($2::uuid[]), '\\x00', unnest('{waiting,done,stuck}'::text[])`, [plan, people.slice(0, 3)])
  await pool.query(`insert into audit (at, actor, action, subject, hash) select $1, 'usher', 'x', 's', '\\x00ff0a5c' from generate_series(1, 300)`, [at])
  await pool.query('delete from audit where id > 290')
}

async function take(pool: Pool): Promise<Buffer> {
  const out = new PassThrough()
  const [bytes] = await Promise.all([buffer(out), backup(pool, out, at)])
  return bytes
}

/** What every table holds, as one text. */
async function content(pool: Pool): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('usher', 'auth') and tablename <> 'migration' and tablename !~ '^snapshot_record_' order by 1`)
  const sums: string[] = []
  for (const { name } of tables) {
    const { rows } = await pool.query<{ sum: string }>(`select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as sum from ${name} t`)
    sums.push(`${name} ${rows[0]?.sum}`)
  }
  return sums.join('\n')
}

test('what is restored is what was backed up', async () => {
  const target = await newDatabase(server)
  const report = await restore(target, Readable.from(taken))
  assert.equal(report.rows, 5000 + 1 + 1 + 290 + 2 + 150 + 1 + 3 + 2)
  assert.equal(report.madeAt, at)
  assert.equal(await content(target), await content(source))
  const { rows } = await target.query<{ id: string }>(`insert into audit (at, actor, action, subject) values ($1, 'usher', 'x', 's') returning id`, [at])
  assert.equal(rows[0]?.id, '301', 'a number that was given is not given again')
})

withServers(['postgresql'], () => test('another version of PostgreSQL takes it', async () => {
  const older = await startPostgres({ version: 'debian' })
  try {
    const target = await newDatabase(older)
    await restore(target, Readable.from(taken))
    assert.equal(await content(target), await content(source))
    await pools.pop()?.end()
  } finally {
    await older.stop()
  }
}))

test('a backup with an older schema is restored and brought up to date', async () => {
  const older = await newDatabase(server)
  await migrate(older, '0001-foundation.sql')
  await older.query(`insert into policy_revision values (1, '{}', $1, 'usher')`, [at])
  await older.query(
    `with s as (insert into snapshot (id, job_id, system_id, policy_revision, read_at, state) select gen_random_uuid(), 'hr', 'hr', 1, $1, 'complete' from generate_series(1, 2) returning id),
          p as (insert into snapshot_record (snapshot_id, key, row, hash, cells, attributes, positions, person_id)
                select id, 'k' || n, n, '\\x00', '{"a": 1}', '{}', '[]', gen_random_uuid() from s, generate_series(1, 3) n returning *)
     insert into record (job_id, key, person_id, hash, row, cells, snapshot_id, source_name)
     select 'hr', key || snapshot_id, person_id, hash, row, cells, snapshot_id, 'hr.csv' from p`, [at])
  const target = await newDatabase(server)
  await restore(target, Readable.from(await take(older)))
  const { rows } = await target.query<{ name: string }>('select name from usher.migration order by name')
  const current = await source.query<{ name: string }>('select name from usher.migration order by name')
  assert.deepEqual(rows, current.rows)
  const { rows: [kept] } = await target.query(
    `select count(*)::int as rows, count(*) filter (where row_cells(r.cells, null) ->> 'a' = '1')::int as cells
       from record r join snapshot_record s on s.snapshot_id = r.snapshot_id and s.person_id = r.person_id`)
  assert.deepEqual(kept, { rows: 6, cells: 6 })
  await pruneSnapshots(target, 'hr', 1)
  assert.equal((await target.query('select from snapshot_record')).rowCount, 3)
})

test('a backup that was cut off or damaged restores nothing', async () => {
  const target = await newDatabase(server)
  await migrate(target)
  const empty = await content(target)
  const damaged = Buffer.from(taken)
  damaged.fill(7, Math.floor(taken.length / 2), Math.floor(taken.length / 2) + 64)
  for (const bytes of [taken.subarray(0, 40), taken.subarray(0, taken.length >> 1), taken.subarray(0, taken.length - 12), damaged]) {
    await assert.rejects(restore(target, Readable.from([bytes])))
    assert.equal(await content(target), empty)
  }
  await assert.rejects(restore(target, Readable.from([Buffer.from('not a backup')])), { code: 'INVALID_INPUT' })
})

test('a database with rows is not overwritten', async () => {
  await assert.rejects(restore(source, Readable.from(taken)), { code: 'CONFLICT' })
})
