/** Backup and restore of Usher's own database, between PostgreSQL versions, too. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { PassThrough, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { backup, restore } from '../../src/store/backup.ts'
import { connect, migrate, type Pool } from '../../src/store/database.ts'
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
      where schemaname in ('usher', 'auth') and tablename <> 'migration' order by 1`)
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
  assert.equal(report.rows, 5000 + 1 + 1 + 290)
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
  const target = await newDatabase(server)
  await restore(target, Readable.from(await take(older)))
  const { rows } = await target.query<{ name: string }>('select name from usher.migration order by name')
  const current = await source.query<{ name: string }>('select name from usher.migration order by name')
  assert.deepEqual(rows, current.rows)
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
