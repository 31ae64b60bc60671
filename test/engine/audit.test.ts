/** The audit chain on a real PostgreSQL: every kind of tampering is found and named. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { genesis, hashOf, verifyExport, type Verification } from '../../src/domain/audit-chain.ts'
import { chainCrypto, exportAudit, loadAuditKeys, sealAudit, verifyAudit, type AuditKeys } from '../../src/engine/audit-sealer.ts'
import { appendAudit, commitment, sealedRows, type AuditEntry } from '../../src/store/audit.ts'
import { connect, migrate, type Pool } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

const now = '2026-11-21T08:00:00.000Z'
let server: TestPostgres
let pool: Pool
let keys: AuditKeys
let folder: string
before(async () => {
  server = await startPostgres()
  pool = connect(server.url)
  await migrate(pool)
  folder = await mkdtemp(path.join(tmpdir(), 'usher-audit-'))
})
after(async () => {
  await pool.end()
  await server.stop()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  await pool.query('truncate audit, audit_head restart identity')
  keys = await loadAuditKeys(folder)
  await rm(keys.headsFile, { force: true })
})

const entry = (n: number): AuditEntry => ({ at: now, actor: 'ada', action: 'plan.approved', subject: `plan:${n}`, detail: { n, text: 'ä "quoted" \\', list: [1.5, null, { b: 1, a: 2 }] } })
const entries = (count: number) => Array.from({ length: count }, (_, i) => entry(i + 1))
async function chainOf(...batches: number[]): Promise<void> {
  for (const count of batches) {
    await appendAudit(pool, entries(count))
    assert.equal(await sealAudit(pool, keys, now), count)
  }
}
const verify = () => verifyAudit(pool, keys)
const found = (verification: Verification) => verification.problems.map(({ kind, position, id }) => [kind, position, id])

test('rows keep their order, are chained, and verify', async () => {
  await chainOf(3, 12_000)
  await appendAudit(pool, entries(2))
  const { rows } = await pool.query<{ n: number }>(`select (detail ->> 'n')::int as n from audit where position is not null order by position`)
  assert.deepEqual(rows.slice(0, 5).map((row) => row.n), [1, 2, 3, 1, 2])
  assert.equal(rows[12_002]?.n, 12_000)
  const verification = await verify()
  assert.deepEqual(verification.problems, [])
  assert.deepEqual({ ...verification, head: undefined }, { ok: true, rows: 12_005, sealed: 12_003, unsealed: 2, head: undefined, problems: [] })
  assert.equal(await sealAudit(pool, keys, now), 2)
  assert.equal(await sealAudit(pool, keys, now), 0)
  assert.equal((await verify()).ok, true)
})

test('who commits later is chained later, and two sealers at once make one chain', async () => {
  const slow = await pool.connect()
  await slow.query('begin')
  await appendAudit(slow, entries(1))
  await appendAudit(pool, entries(3))
  assert.equal(await sealAudit(pool, keys, now), 3)
  await slow.query('commit')
  slow.release()
  await appendAudit(pool, entries(5))
  const sealed = await Promise.all([sealAudit(pool, keys, now), sealAudit(pool, keys, now), sealAudit(pool, keys, now)])
  assert.equal(sealed.reduce((a, b) => a + b), 6)
  const { rows } = await pool.query<{ id: string }>('select id from audit order by position')
  assert.deepEqual(rows.map((row) => row.id), ['2', '3', '4', '1', '5', '6', '7', '8', '9'])
  assert.equal((await verify()).ok, true)
})

test('an altered row is named, and only it', async () => {
  await chainOf(5, 5)
  for (const change of [`actor = 'mallory'`, `detail = detail || '{"n": 99}'`, `at = at + interval '1 second'`, `subject = 'plan:0'`]) {
    await pool.query('create table kept as select * from audit where position = 4')
    await pool.query(`update audit set ${change} where position = 4`)
    const verification = await verify()
    assert.deepEqual(found(verification), [['altered', '4', '4']], change)
    assert.match(verification.problems[0]!.message, /Row 4 \(id 4, plan.approved/)
    await pool.query('delete from audit where position = 4')
    await pool.query('insert into audit overriding system value select * from kept')
    await pool.query('drop table kept')
  }
  assert.equal((await verify()).ok, true)
})

test('missing rows are named', async () => {
  await chainOf(5, 5)
  await pool.query('delete from audit where position in (4, 7, 8)')
  assert.deepEqual(found(await verify()), [['missing', '4', null], ['missing', '7', null]])
  assert.match((await verify()).problems[1]!.message, /Rows 7 to 8 are missing/)
})

test('a cut tail is known from the heads, also where those in the database were cut as well', async () => {
  await chainOf(5, 5)
  await pool.query('delete from audit where position > 6')
  assert.deepEqual(found(await verify()), [['cut', '7', null]])
  await pool.query('delete from audit_head where position > 5')
  const { problems } = await verify()
  assert.deepEqual(problems.map((p) => p.kind), ['cut'])
  assert.match(problems[0]!.message, /ends with row 6, yet row 10 was sealed .* 4 rows were cut off/)
})

test('a chain that was written anew is known, whether its heads are left, forged or removed', async () => {
  await chainOf(5, 5)
  await pool.query(`update audit set actor = 'mallory' where position = 4`)
  const { sha256 } = chainCrypto([])
  let hash = genesis
  for await (const row of sealedRows(pool)) {
    hash = hashOf(hash, row, sha256)
    await pool.query(`update audit set hash = decode($1, 'hex') where position = $2`, [hash, row.position])
  }
  assert.deepEqual(found(await verify()), [['recomputed', '5', '5']])
  await pool.query('update audit_head set hash = audit.hash from audit where audit.position = audit_head.position')
  assert.deepEqual(found(await verify()).map(([kind]) => kind), ['forged-head', 'forged-head', 'recomputed'])
  await pool.query('delete from audit_head')
  assert.deepEqual(found(await verify()), [['recomputed', '5', '5']], 'the heads outside the database say it')
})

test('a tail that was cut and grown again is known by the heads outside', async () => {
  await chainOf(5, 5)
  await pool.query('delete from audit where position > 5')
  await pool.query('delete from audit_head where position > 5')
  await chainOf(7)
  assert.deepEqual(found(await verify()), [['recomputed', '10', '15']])
})

test('an export verifies offline, and what was done to it is found', async () => {
  await chainOf(5, 5)
  const lines: string[] = []
  for await (const line of exportAudit(pool, keys, now)) lines.push(line)
  const check = async (edited: string[]) => await verifyExport((async function* () { yield* edited })(), chainCrypto)
  assert.deepEqual({ ...await check(lines), head: undefined }, { ok: true, rows: 10, sealed: 10, unsealed: 0, head: undefined, problems: [] })
  assert.deepEqual(found(await check(lines.map((line) => line.replace('plan:6', 'plan:7').replace('plan:3"', 'plan:8"')))), [['altered', '3', '3'], ['altered', '8', '8']])
  assert.deepEqual(found(await check(lines.filter((line) => !line.includes('"position":7,')))), [['missing', '7', null], ['truncated-export', null, null]])
  assert.deepEqual(found(await check(lines.slice(0, -3))).map(([kind]) => kind), ['cut', 'truncated-export'])
  assert.deepEqual(found(await check(['hello'])), [['truncated-export', null, null]])
})

test('heads that a crash left out of the file are added; a half-written line does no harm', async () => {
  await chainOf(3)
  const first = await readFile(keys.headsFile, 'utf8')
  await chainOf(3, 3)
  await writeFile(keys.headsFile, `${first}{"position":6,"ha\n`)
  await sealAudit(pool, keys, now)
  const lines = (await readFile(keys.headsFile, 'utf8')).trim().split('\n')
  assert.equal(lines.filter((line) => line.endsWith('}')).length, 3)
  assert.equal((await verify()).ok, true)
})

test('the signing key is made once and is for its owner only', async () => {
  const again = await loadAuditKeys(folder)
  assert.deepEqual(again.publicKeys, keys.publicKeys)
  assert.equal((await stat(path.join(folder, 'audit-key.pem'))).mode & 0o777, 0o600)
})

test('a commitment confirms a value to who has the person\'s key', () => {
  const key = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  assert.equal(commitment(key, { b: 1, a: 'x' }), commitment(key, { a: 'x', b: 1 }))
  assert.notEqual(commitment(key, 'x'), commitment(key, 'y'))
  assert.notEqual(commitment(key, 'x'), commitment(Buffer.alloc(16), 'x'))
})
