/**
 * Envelopes: AES-256-GCM under a master key that lives outside the database and its backups. An envelope names its key,
 * so that a database that meets another key says so, and keys can be replaced: the first seals, all of them open.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UsherError } from '../domain/errors.ts'

export interface Vault {
  /** `context` says what the text is for; an envelope opens only for the same. */
  seal(text: string, context?: string): Buffer
  open(envelope: Uint8Array, context?: string): string
}

export interface MasterVault extends Vault {
  /** A key for another purpose, the same for as long as the master key is. */
  derive(purpose: string): Buffer
}

const version = 1
const [keyIdBytes, nonceBytes, tagBytes] = [8, 12, 16]
const headerBytes = 1 + keyIdBytes + nonceBytes + tagBytes

/**
 * The master key: from `USHER_MASTER_KEY` (base64 of 32 bytes; several, separated by commas, while a key is replaced), or
 * the file `master.key` in the data folder, made at the first start.
 */
export async function openVault(dataFolder: string, fromEnvironment: string | undefined): Promise<MasterVault> {
  if (fromEnvironment !== undefined && fromEnvironment.trim() !== '') return vaultOf(fromEnvironment.split(',').map((key) => readKey(key, 'USHER_MASTER_KEY')))
  await mkdir(dataFolder, { recursive: true })
  const file = path.join(dataFolder, 'master.key')
  await writeFile(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { mode } = await stat(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new UsherError('MASTER_KEY_UNUSABLE', `${file} can be read by others (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${file}`)
  }
  return vaultOf((await readFile(file, 'utf8')).trim().split(/[\s,]+/).map((key) => readKey(key, file)))
}

export function vaultOf(keys: Buffer[]): MasterVault {
  const byId = new Map(keys.map((key) => [idOf(key).toString('hex'), key]))
  const [first] = keys
  if (first === undefined) throw new UsherError('MASTER_KEY_UNUSABLE', 'There is no master key.')
  const firstId = idOf(first)
  return {
    seal(text, context = '') {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', first, nonce)
      cipher.setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(version), firstId, nonce, cipher.getAuthTag(), sealed])
    },
    open(envelope, context = '') {
      const bytes = Buffer.from(envelope)
      if (bytes.length < headerBytes || bytes[0] !== version) throw new UsherError('MASTER_KEY_UNUSABLE', 'This is no envelope that this version of Usher knows.')
      const [id, nonce, tag] = [bytes.subarray(1, 1 + keyIdBytes), bytes.subarray(1 + keyIdBytes, headerBytes - tagBytes), bytes.subarray(headerBytes - tagBytes, headerBytes)]
      const key = byId.get(id.toString('hex'))
      if (key === undefined) {
        throw new UsherError('MASTER_KEY_UNUSABLE', `It was sealed with master key ${id.toString('hex')}; this Usher has ${[...byId.keys()].join(', ')}.`)
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce)
        decipher.setAAD(Buffer.from(context))
        decipher.setAuthTag(tag)
        return Buffer.concat([decipher.update(bytes.subarray(headerBytes)), decipher.final()]).toString('utf8')
      } catch {
        throw new UsherError('MASTER_KEY_UNUSABLE', 'An envelope was altered, or belongs to something else.')
      }
    },
    derive: (purpose) => Buffer.from(hkdfSync('sha256', first, '', `usher ${purpose}`, 32)),
  }
}

/** Says which key it is without telling it. */
function idOf(key: Buffer): Buffer {
  return createHash('sha256').update('usher master key').update(key).digest().subarray(0, keyIdBytes)
}

function readKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length === 32) return key
  throw new UsherError('MASTER_KEY_UNUSABLE', `${where} must hold 32 bytes in base64, this is ${key.length}. Make one with: openssl rand -base64 32`)
}
