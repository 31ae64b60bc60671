import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { genesis, hashOf, headMessage, type AuditRow, type ExportLine, type Head } from '../domain/audit-chain.ts'
import { verifyFile, type OfflineOptions } from './audit-offline.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'usher-audit-'))
after(() => rmSync(folder, { recursive: true }))
const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function file(name: string, text: string): string {
  const full = path.join(folder, name)
  writeFileSync(full, text)
  return full
}

/** A log of ten rows, sealed at the fifth and the last. */
function makeLog(actor: string, key: KeyObject): { rows: AuditRow[]; heads: Head[] } {
  const rows: AuditRow[] = []
  const heads: Head[] = []
  let hash = genesis
  for (let position = 1; position <= 10; position++) {
    const row = { id: String(position), position, at: '2026-11-21T12:00:00Z', actor, action: 'plan.approved', subject: 'plan:1', detail: { n: position } }
    hash = hashOf(hash, row, sha256)
    rows.push({ ...row, hash })
    if (position % 5 !== 0) continue
    const head = { position, hash, sealedAt: '2026-11-21T12:00:01Z' }
    heads.push({ ...head, signature: sign(null, Buffer.from(headMessage(head)), key).toString('base64') })
  }
  return { rows, heads }
}

function exported(rows: AuditRow[], heads: Head[], key: KeyObject): string {
  const lines: ExportLine[] = [
    { line: 'start', format: 'usher-audit', version: 1, exportedAt: '2026-11-21T13:00:00Z', publicKeys: [pem(key)] },
    ...heads.map((head) => ({ line: 'head' as const, head })), ...rows.map((row) => ({ line: 'row' as const, row })),
    { line: 'end', sealed: rows.length, unsealed: 0 },
  ]
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

const { rows, heads } = makeLog('anna', ours.privateKey)
const kept: OfflineOptions = {
  publicKey: file('kept.pub', pem(ours.publicKey)), heads: file('kept.log', heads.map((head) => `${JSON.stringify(head)}\n`).join('')),
}

async function kinds(text: string, options: OfflineOptions = {}): Promise<string[]> {
  const { ok, problems } = await verifyFile(file('export.ndjson', text), options)
  assert.equal(ok, problems.length === 0)
  return problems.map((problem) => problem.kind)
}

test('a log as it was written verifies, with and without what was kept', async () => {
  assert.deepEqual(await kinds(exported(rows, heads, ours.publicKey)), [])
  assert.deepEqual(await kinds(exported(rows, heads, ours.publicKey), kept), [])
})

test('an altered row and a removed row are found in the file alone', async () => {
  assert.deepEqual(await kinds(exported(rows.with(3, { ...rows[3]!, actor: 'john' }), heads, ours.publicKey)), ['altered'])
  assert.ok((await kinds(exported(rows.toSpliced(3, 1), heads, ours.publicKey))).includes('missing'))
})

test('a cut tail shows against the heads that were kept', async () => {
  const cut = exported(rows.slice(0, 5), heads.slice(0, 1), ours.publicKey)
  assert.deepEqual(await kinds(cut), [])
  assert.deepEqual(await kinds(cut, kept), ['cut'])
})

test('a log that was written anew shows against the heads and the key that were kept', async () => {
  const anew = makeLog('nobody', theirs.privateKey)
  const text = exported(anew.rows, anew.heads, theirs.publicKey)
  assert.deepEqual(await kinds(text), [])
  assert.ok((await kinds(text, kept)).includes('recomputed'))
  assert.ok((await kinds(text, { publicKey: kept.publicKey })).includes('forged-head'))
})

test('an export that ends in the middle is no proof, and another file is none at all', async () => {
  const text = exported(rows, heads, ours.publicKey)
  assert.ok((await kinds(text.slice(0, -60))).includes('truncated-export'))
  assert.deepEqual(await kinds('hello\n'), ['truncated-export'])
  await assert.rejects(verifyFile(path.join(folder, 'none'), {}), { exit: 'usage' })
  await assert.rejects(verifyFile(file('export.ndjson', text), { publicKey: file('bad.pub', 'x') }), { exit: 'usage' })
})
