/** Verifies an exported audit log with nothing but the file: no server, no database. */
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { verifyExport, type ChainCrypto, type ExportLine, type Head, type Verification } from '../domain/audit-chain.ts'
import { Failure } from './exit.ts'

export interface OfflineOptions {
  /** PEM file with the public key that was kept. Without it the key in the export is trusted. */
  publicKey?: string
  /** Copy of `audit-heads.log` that was kept elsewhere. */
  heads?: string
}

export async function verifyFile(file: string, options: OfflineOptions): Promise<Verification> {
  const kept = options.heads === undefined ? [] : readHeads(options.heads)
  const trusted = options.publicKey === undefined ? undefined : [read(options.publicKey)]
  return await verifyExport(withHeads(linesOf(file), kept), (inExport) => chainCrypto(trusted ?? inExport))
}

export async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(file), crlfDelay: Infinity })
  } catch (error) {
    throw new Failure('usage', `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The heads that were kept stand among those of the export, so the log must agree with both. */
async function* withHeads(lines: AsyncIterable<string>, kept: Head[]): AsyncGenerator<string> {
  let first = true
  for await (const line of lines) {
    yield line
    if (first) for (const head of kept) yield JSON.stringify({ line: 'head', head } satisfies ExportLine)
    first = false
  }
}

export function readHeads(file: string): Head[] {
  return read(file).split('\n').filter((line) => line.trim() !== '').map((line, i) => {
    try {
      return JSON.parse(line) as Head
    } catch {
      throw new Failure('usage', `${file}:${i + 1} is not a head of an audit log.`)
    }
  })
}

export function chainCrypto(publicKeys: string[]): ChainCrypto {
  const keys = publicKeys.map(keyOf)
  return {
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    verify: (message, signature) => keys.some((key) => verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64'))),
  }
}

function keyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw new Failure('usage', 'The public key is not a PEM file.')
  }
}

export function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Failure('usage', `There is no file ${file} that can be read.`)
  }
}
