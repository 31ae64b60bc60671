/** The evidence of a real plan: whole it verifies; altered, cut, with a line left out or written anew it does not, and says where. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { createHash } from 'node:crypto'
import { headMessage, hashOf, type AuditRow, type Head } from '../../src/domain/audit-chain.ts'
import { evidenceMessage, sealLine, verifyEvidence, type EvidenceLine, type EvidenceVerdict } from '../../src/domain/evidence.ts'
import { chainCrypto, loadAuditKeys, type AuditKeys } from '../../src/engine/audit-sealer.ts'
import { exportEvidence } from '../../src/engine/evidence.ts'
import { lockSealer } from '../../src/store/audit.ts'
import { transaction } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type World } from './plan-fixture.ts'
import { until } from './staff.ts'

let server: TestPostgres
let w: World
let keys: AuditKeys
let folder: string
let lines: string[]

before(async () => {
  server = await startPostgres()
  w = await openWorld(server, (policy) => { policy.systems.find((s) => s.id === 'app')!.method = 'approve' })
  folder = await mkdtemp(path.join(tmpdir(), 'usher-evidence-'))
  keys = await loadAuditKeys(folder)
  await w.day([{ id: '1', first: 'Ann', last: 'Ek', department: 'Sales' }, { id: '2', first: 'Bo', last: 'Lind', department: 'Data', manager: '1' }])
  const plan = await w.newest()
  await w.approve(plan)
  await w.settle()
  lines = await evidenceOf((await w.shown(plan.id)).id)
})
after(async () => {
  await w?.close()
  await server?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true })
})

const evidenceOf = async (planId: string): Promise<string[]> => (await Array.fromAsync(exportEvidence(w.context, keys, planId))).join('').trimEnd().split('\n')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function verify(given: string[], trusted = keys.publicKeys, kept: Head[] = []): Promise<EvidenceVerdict> {
  return await verifyEvidence((async function* () { yield* given })(), () => chainCrypto(trusted), kept)
}

test('as it was written it verifies, and tells the plan, its changes and the audit rows', async () => {
  const found = await verify(lines)
  assert.deepEqual(found.problems, [])
  assert.deepEqual([found.ok, found.plan?.state, found.changes], [true, 'applied', 6])
  assert.ok(found.auditRows >= found.changes)
  const kinds = new Set(lines.map((line) => (JSON.parse(line) as EvidenceLine).line))
  assert.deepEqual([...kinds], ['start', 'policy', 'read', 'change', 'audit-head', 'audit', 'end'])
})

test('each line altered in turn: the line is named', async () => {
  for (const [at, line] of lines.entries()) {
    // One letter or digit of its content becomes another one.
    const place = line.search(/(?<=:"?)[0-9a-f](?=[^"]*",)/)
    const altered = place < 0 ? line.replace('"lines":', '"lines":1') : `${line.slice(0, place)}${line[place] === '1' ? '2' : '1'}${line.slice(place + 1)}`
    assert.notEqual(altered, line)
    const found = await verify(lines.with(at, altered))
    assert.equal(found.ok, false)
    assert.ok(found.problems.some((p) => p.line === at + 1 || p.line === at + 2 || p.kind === 'recomputed' || p.kind === 'missing'), `line ${at + 1}: ${JSON.stringify(found.problems)}`)
  }
})

test('each line left out in turn: it is missing; cut anywhere: it is cut', async () => {
  for (const at of lines.keys()) {
    const left = await verify(lines.toSpliced(at, 1))
    assert.equal(left.ok, false)
    assert.ok(left.problems.some((p) => (at === lines.length - 1 ? p.kind === 'cut' : p.kind === 'missing' && p.line === at + 1)), JSON.stringify(left.problems))
    const cut = await verify(lines.slice(0, at))
    assert.ok(cut.problems.some((p) => p.kind === 'cut'), `after ${at} lines`)
  }
  const text = `${lines.join('\n')}\n`
  for (let bytes = 0; bytes < text.length - 1; bytes += 97) assert.equal((await verify(text.slice(0, bytes).split('\n'))).ok, false, `after ${bytes} bytes`)
})

test('a result or a change that is another, with every seal made anew by the real key, contradicts the rest', async () => {
  const other = (change: (content: EvidenceLine) => EvidenceLine): Promise<EvidenceVerdict> => verify(sealedAnew(contentsOf().map(change), keys))
  assert.deepEqual((await other((c) => c)).problems, [])
  const words = async (change: (content: EvidenceLine) => EvidenceLine): Promise<string> => (await other(change)).problems.map((p) => `${p.kind}: ${p.message}`).join('\n')
  assert.match(await words((c) => (c.line === 'change' && c.kind === 'create' && c.stage === 2 ? { ...c, after: { ...c.after, displayName: 'Mallory' } } : c)), /inconsistent: The change "create .*" in app is not the one that was planned/)
  assert.match(await words((c) => (c.line === 'start' ? { ...c, plan: { ...c.plan, hash: '0'.repeat(64) } } : c)), /another hash was approved/)
  assert.match(await words((c) => (c.line === 'policy' ? { ...c, document: { settings: {} } } : c)), /The policy is not that of revision/)
  assert.match(await words((c) => (c.line === 'start' ? { ...c, computedFrom: { ...c.computedFrom, asOf: '2020-01-01T00:00:00.000Z' } } : c)), /hash is not that of its parts/)
  assert.match(await words((c) => (c.line === 'start' ? { ...c, computedFrom: { ...c.computedFrom, snapshots: {} } } : c)), /hash is not that of its parts/)
  assert.match(await words((c) => (c.line === 'audit' && c.row.action === 'change.create.done' ? { ...c, row: { ...c.row, action: 'change.create.refused' } } : c)), /does not continue the chain/)
})

test('all of it written anew by somebody else, heads and chain included, is known by the key, and by heads that were kept', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const forger: AuditKeys = { ...keys, privateKey, publicKeys: [publicKey.export({ type: 'spki', format: 'pem' }).toString()] }
  let previous: { position: number; hash: string } | null = null
  const forged = contentsOf().filter((c) => c.line !== 'audit-head' || c.head.position === 0).map((c): EvidenceLine => {
    if (c.line === 'start') return { ...c, publicKeys: forger.publicKeys }
    if (c.line === 'audit-head') previous = c.head
    if (c.line !== 'audit') return c
    const row: AuditRow = { ...c.row, detail: { ...c.row.detail, forged: true } }
    row.hash = hashOf(previous!.hash, row, sha256)
    previous = { position: row.position!, hash: row.hash }
    return { line: 'audit', row }
  })
  const head: Omit<Head, 'signature'> = { ...previous!, sealedAt: w.context.now() }
  forged.splice(-1, 0, { line: 'audit-head', head: { ...head, signature: sign(null, Buffer.from(headMessage(head)), privateKey).toString('base64') } })
  const file = sealedAnew(forged, forger)
  assert.deepEqual((await verify(file, forger.publicKeys)).problems, [], 'in itself it is sound')
  assert.ok((await verify(file)).problems.some((p) => p.kind === 'recomputed'), 'the key that was kept tells')
  const kept = contentsOf().flatMap((c) => (c.line === 'audit-head' && c.head.position > 0 ? [c.head] : []))
  const both = await verify(file, [...forger.publicKeys, ...keys.publicKeys], kept)
  assert.ok(both.problems.some((p) => p.kind === 'recomputed' && /written anew/.test(p.message)), 'and so do heads that were kept')
})

test('the hash of a plan is another when anything that it was computed from is another', async () => {
  const { rows: [plan] } = await w.pool.query<{ id: string; hash: string; basis: object; asOf: string; revision: number }>(
    `select id, hash, basis, as_of as "asOf", policy_revision as revision from plan where state = 'applied' limit 1`)
  const { hashOfPlan } = await import('../../src/engine/plan-hash.ts')
  const { rehearse } = await import('../../src/store/database.ts')
  const hashAfter = (sql: string, from: object = {}): Promise<string> => rehearse(w.pool, async (client) => {
    // As it was planned: who was created had no account.
    await client.query(`update plan_change set account_id = null where plan_id = $1`, [plan!.id])
    if (sql !== '') await client.query(sql)
    return await hashOfPlan(client, plan!.id, { ...plan!, ...from } as never)
  })
  assert.equal(await hashAfter(''), plan!.hash)
  const id = `plan_id = '${plan!.id}'`
  for (const other of [
    await hashAfter('', { asOf: '2026-06-15T08:00:01.000Z' }),
    await hashAfter('', { revision: 0 }),
    await hashAfter('', { basis: { snapshots: {}, observations: {} } }),
    await hashAfter(`update snapshot set digest = 'another'`),
    await hashAfter(`update snapshot set rows = rows + 1`),
    await hashAfter(`update policy_revision set document = document || '{"roles": []}' where revision = (select policy_revision from plan where id = '${plan!.id}')`),
    await hashAfter(`update plan_change set account_id = 1 where ${id} and kind = 'grant'`),
    await hashAfter(`update plan_change set hash = sha256('x') where ${id} and kind = 'grant'`),
    await hashAfter(`delete from plan_change where ${id} and kind = 'grant'`),
  ]) assert.notEqual(other, plan!.hash)
})

test('written while a sealer is at it and the plan is carried out, it tells of each change that is done', async () => {
  await w.day([{ id: '1', first: 'Ann', last: 'Ek', department: 'Data' }, { id: '2', first: 'Bo', last: 'Lind', department: 'Sales', manager: '1' }])
  const plan = await w.newest()
  const writing = exportEvidence(w.context, keys, (await w.shown(plan.id)).id)
  const written = [String((await writing.next()).value)]
  await w.approve(plan)
  await w.settle()
  const { rest } = await transaction(w.pool, async (sealer) => {
    await lockSealer(sealer)
    const rest = Array.fromAsync(writing)
    await until(async () => (await w.pool.query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount === 1)
    return { rest }
  })
  written.push(...await rest)
  const found = await verify(written.join('').trimEnd().split('\n'))
  assert.deepEqual([found.problems, found.plan?.state], [[], 'open'])
  assert.ok(written.some((line) => line.includes('"state":"done"')))
})

test('the command line verifies a file without any server', async () => {
  const { runCli } = await import('../servers/usher.ts')
  const file = path.join(folder, 'evidence.ndjson')
  await writeFile(file, `${lines.join('\n')}\n`)
  const good = await runCli(['evidence', 'verify', file, '--public-key', path.join(folder, 'audit-key.pub'), '--heads', path.join(folder, 'audit-heads.log')])
  assert.deepEqual([good.code, good.stderr], [0, ''])
  assert.match(good.stdout, /Everything is as it was written/)
  await writeFile(file, `${lines.toSpliced(3, 1).join('\n')}\n`)
  const bad = await runCli(['evidence', 'verify', file])
  assert.equal(bad.code, 9)
  assert.match(bad.stdout, /missing: Line 4 is missing/)
})

/* ------------------------------------------------------------------ making files */

function contentsOf(): EvidenceLine[] {
  return lines.map((line) => {
    const { n: _, seal: __, signature: ___, ...content } = JSON.parse(line) as EvidenceLine & { n: number; seal: string; signature?: string }
    return content as EvidenceLine
  })
}

/** What somebody who has a key would write. */
function sealedAnew(contents: EvidenceLine[], by: AuditKeys): string[] {
  let previous = ''
  return contents.map((content, at) => {
    const last = at === contents.length - 1
    const { text, seal } = sealLine(previous, at + 1, last ? { line: 'end', lines: at + 1 } : content, sha256)
    previous = seal
    return last ? JSON.stringify({ ...JSON.parse(text) as object, signature: sign(null, Buffer.from(evidenceMessage(at + 1, seal)), by.privateKey).toString('base64') }) : text
  })
}
