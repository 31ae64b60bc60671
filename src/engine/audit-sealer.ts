/**
 * Seals the audit log: chains committed rows in batches, signs the heads, and keeps the heads outside the database, too.
 * Rows are never waited for: whoever commits later is chained later.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { appendFile, chmod, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { genesis, hashOf, headMessage, verifyChain, type ChainCrypto, type ExportLine, type Head, type Verification } from '../domain/audit-chain.ts'
import { countUnsealed, headsAfter, lastHead, lockSealer, seal, sealedRows, tryLockSealer, unsealedRows } from '../store/audit.ts'
import { transaction, type Pool } from '../store/database.ts'

const batchSize = 5000

export interface AuditKeys {
  privateKey: KeyObject
  /** PEM. The first one is the pair's; others are of earlier keys, or other machines', that count as well (`audit-key-*.pub`). */
  publicKeys: string[]
  /** One head per line, as JSON. */
  headsFile: string
}

/** All about the audit chain, with the keys of one data folder. */
export interface AuditSealer {
  keys: AuditKeys
  seal(): Promise<void>
  verify(): Promise<Verification>
  export(): AsyncGenerator<string>
}

export async function openAuditSealer({ pool, dataFolder, now }: { pool: Pool; dataFolder: string; now(): string }): Promise<AuditSealer> {
  const keys = await loadAuditKeys(dataFolder)
  return {
    keys,
    seal: async () => { await sealAudit(pool, keys, now(), { ifFree: true }) },
    verify: () => verifyAudit(pool, keys),
    export: () => exportAudit(pool, keys, now()),
  }
}

/** Reads the signing key of a data folder, or makes it at the first start. */
export async function loadAuditKeys(dataFolder: string): Promise<AuditKeys> {
  await mkdir(dataFolder, { recursive: true })
  const file = path.join(dataFolder, 'audit-key.pem')
  const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  // Only the first of several starting processes writes; all of them read what it wrote.
  await writeFile(file, made, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await chmod(file, 0o600)
  const privateKey = createPrivateKey(await readFile(file))
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  await writeFile(path.join(dataFolder, 'audit-key.pub'), publicKey, { mode: 0o644 })
  const others = (await readdir(dataFolder)).filter((name) => /^audit-key-.+\.pub$/.test(name)).sort()
  const publicKeys = [publicKey, ...await Promise.all(others.map((name) => readFile(path.join(dataFolder, name), 'utf8')))]
  return { privateKey, publicKeys, headsFile: path.join(dataFolder, 'audit-heads.log') }
}

/** Chains all that was committed before; answers how many rows. `ifFree`: leaves it to whoever is at it already. */
export async function sealAudit(pool: Pool, keys: AuditKeys, now: string, { ifFree = false } = {}): Promise<number> {
  let total = 0
  for (;;) {
    const sealed = await sealBatch(pool, keys, now, ifFree)
    total += sealed
    if (sealed < batchSize) break
  }
  await keepHeadsOutside(pool, keys)
  return total
}

async function sealBatch(pool: Pool, keys: AuditKeys, now: string, ifFree: boolean): Promise<number> {
  return await transaction(pool, async (client) => {
    if (!ifFree) await lockSealer(client)
    else if (!await tryLockSealer(client)) return 0
    const rows = await unsealedRows(client, batchSize)
    if (rows.length === 0) return 0
    const before = await lastHead(client)
    let { position, hash } = before ?? { position: 0, hash: genesis }
    const sealed = rows.map((row) => {
      position++
      hash = hashOf(hash, { ...row, position }, sha256)
      return { id: row.id, position, hash }
    })
    const head = { position, hash, sealedAt: now }
    await seal(client, sealed, { ...head, signature: sign(null, Buffer.from(headMessage(head)), keys.privateKey).toString('base64') })
    return rows.length
  })
}

/** After the commit, so that a head outside never speaks of rows that were rolled back; what a crash left out is added next time. */
async function keepHeadsOutside(pool: Pool, keys: AuditKeys): Promise<void> {
  const last = await lastHeadOutside(keys.headsFile)
  const inside = await lastHead(pool)
  if (inside === null || (last?.position === inside.position && last.hash === inside.hash)) return
  // A database that was restored is behind what was kept; from then on its new heads are added.
  const heads = last === null || last.position < inside.position ? await headsAfter(pool, last?.position ?? 0) : [inside]
  await appendFile(keys.headsFile, heads.map((head) => `${JSON.stringify(head)}\n`).join(''), { mode: 0o600 })
}

/** Read from the end, as the file only grows. */
async function lastHeadOutside(file: string): Promise<Head | null> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (handle === null) return null
  try {
    const { size } = await handle.stat()
    const buffer = Buffer.alloc(Math.min(size, 4096))
    await handle.read(buffer, 0, buffer.length, size - buffer.length)
    return headsOf(buffer.toString()).at(-1) ?? null
  } finally {
    await handle.close()
  }
}

async function headsOutside(file: string): Promise<Head[]> {
  try {
    return headsOf(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A line that a crash cut off is no head. */
function headsOf(text: string): Head[] {
  return text.split('\n').flatMap((line) => {
    try {
      const head = JSON.parse(line) as Head
      return typeof head.position === 'number' && typeof head.hash === 'string' ? [head] : []
    } catch {
      return []
    }
  })
}

/** Verifies the whole chain against the heads inside and outside the database. */
export async function verifyAudit(pool: Pool, keys: AuditKeys): Promise<Verification> {
  const heads = [...await headsAfter(pool, 0), ...await headsOutside(keys.headsFile)]
  return await verifyChain(sealedRows(pool), heads, await countUnsealed(pool), chainCrypto(keys.publicKeys))
}

/** The log with its heads as NDJSON lines, to be verified offline. */
export async function* exportAudit(pool: Pool, keys: AuditKeys, now: string): AsyncGenerator<string> {
  const line = (value: ExportLine): string => `${JSON.stringify(value)}\n`
  yield line({ line: 'start', format: 'usher-audit', version: 1, exportedAt: now, publicKeys: keys.publicKeys })
  const heads = [...await headsAfter(pool, 0), ...await headsOutside(keys.headsFile)]
  for (const head of new Map(heads.map((h) => [`${h.position} ${h.hash} ${h.signature}`, h])).values()) yield line({ line: 'head', head })
  let sealed = 0
  for await (const row of sealedRows(pool)) {
    sealed++
    yield line({ line: 'row', row })
  }
  yield line({ line: 'end', sealed, unsealed: await countUnsealed(pool) })
}

/** What verifying needs of the platform, with these public keys (PEM). */
export function chainCrypto(publicKeys: string[]): ChainCrypto {
  const keys = publicKeys.map((pem) => createPublicKey(pem))
  return {
    sha256,
    verify: (message, signature) => keys.some((key) => verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64'))),
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
