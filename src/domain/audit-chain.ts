/**
 * The audit chain: each row's hash covers the row and the hash before it. Heads (position and hash of the last row of a
 * batch) are signed, and also kept outside the database, so that nobody can quietly write the chain anew.
 */
import { canonical } from './value.ts'

export interface AuditRow {
  id: string
  /** Place in the chain, from 1; null: not sealed yet. */
  position: number | null
  at: string
  actor: string
  action: string
  subject: string
  detail: Record<string, unknown>
  /** Hexadecimal. */
  hash: string | null
}

export interface Head {
  position: number
  hash: string
  sealedAt: string
  /** Base64, Ed25519 over `headMessage`. */
  signature: string
}

export interface ChainCrypto {
  /** Hexadecimal SHA-256 of a text. */
  sha256(text: string): string
  /** Whether one of the trusted keys made this signature. */
  verify(message: string, signature: string): boolean
}

export type ChainProblemKind = 'altered' | 'missing' | 'cut' | 'recomputed' | 'forged-head' | 'truncated-export'

export interface ChainProblem {
  kind: ChainProblemKind
  position: string | null
  id: string | null
  message: string
}

export interface Verification {
  ok: boolean
  /** All rows, those not sealed yet among them. */
  rows: number
  sealed: number
  unsealed: number
  /** Hash of the last row of the chain. */
  head: string | null
  /** At most `problemsMax`, in the order of the chain. */
  problems: ChainProblem[]
}

export const problemsMax = 100

/** What the first row's hash continues from. */
export const genesis = '0'.repeat(64)

export function hashOf(previous: string, row: Omit<AuditRow, 'hash'>, sha256: ChainCrypto['sha256']): string {
  const { position, id, at, actor, action, subject, detail } = row
  return sha256(`${previous}\n${canonical({ position, id, at, actor, action, subject, detail })}`)
}

export function headMessage({ position, hash, sealedAt }: Omit<Head, 'signature'>): string {
  return canonical({ usherAuditHead: 1, position, hash, sealedAt })
}

/** `rows` are the sealed ones by position; `heads` are those of the database and those kept outside, in any order. */
export async function verifyChain(rows: AsyncIterable<AuditRow>, heads: Head[], unsealed: number, crypto: ChainCrypto): Promise<Verification> {
  const problems: ChainProblem[] = []
  const report = (kind: ChainProblemKind, position: number | null, id: string | null, message: string): void => {
    if (problems.length < problemsMax) problems.push({ kind, position: position === null ? null : String(position), id, message })
  }
  const signed = signedHeads(heads, crypto, report)
  let previous: string | null = genesis
  let last = 0
  let lastHash: string | null = null
  let sealed = 0
  let rewrittenFrom: number | null = null
  for await (const row of rows) {
    sealed++
    const position = row.position!
    if (position !== last + 1) {
      report('missing', last + 1, null, position === last + 2 ? `Row ${last + 1} is missing.` : `Rows ${last + 1} to ${position - 1} are missing.`)
      // What follows a gap is checked against the signed head before it, if there is one.
      previous = signed.get(position - 1)?.[0]?.hash ?? null
    }
    if (previous !== null && hashOf(previous, row, crypto.sha256) !== row.hash) {
      report('altered', position, row.id, `Row ${position} (id ${row.id}, ${row.action}, ${row.at}) was altered.`)
    }
    previous = row.hash
    lastHash = row.hash
    last = position
    const here = signed.get(position)
    const wrong = here?.find((head) => head.hash !== row.hash)
    if (wrong !== undefined && rewrittenFrom === null) {
      rewrittenFrom = position
      report('recomputed', position, row.id, `The chain up to row ${position} was written anew: the head signed on ${wrong.sealedAt} says otherwise.`)
    }
  }
  const beyond = [...signed.keys()].filter((position) => position > last)
  if (beyond.length > 0) {
    const end = Math.max(...beyond)
    report('cut', last + 1, null, `The log ends with row ${last}, yet row ${end} was sealed on ${signed.get(end)![0]!.sealedAt}: ${end - last} rows were cut off.`)
  }
  return { ok: problems.length === 0, rows: sealed + unsealed, sealed, unsealed, head: lastHash, problems }
}

/** Heads by position; those without a valid signature are reported and prove nothing. */
function signedHeads(heads: Head[], crypto: ChainCrypto, report: (kind: ChainProblemKind, position: number, id: null, message: string) => void): Map<number, Head[]> {
  const known = new Map<number, Head[]>()
  for (const head of heads) {
    const same = known.get(head.position) ?? []
    if (same.some((other) => other.hash === head.hash && other.signature === head.signature)) continue
    if (crypto.verify(headMessage(head), head.signature)) known.set(head.position, [...same, head])
    else report('forged-head', head.position, null, `The head at row ${head.position} is not signed by this Usher.`)
  }
  return known
}

/* ------------------------------------------------------------------ exports */

/** Lines of an export, in this order: one `start`, heads, rows, one `end`. */
export type ExportLine =
  | { line: 'start'; format: 'usher-audit'; version: 1; exportedAt: string; publicKeys: string[] }
  | { line: 'head'; head: Head }
  | { line: 'row'; row: AuditRow }
  | { line: 'end'; sealed: number; unsealed: number }

/** Verifies an exported log without any Usher. `cryptoFor` gets the public keys that the export names. */
export async function verifyExport(lines: AsyncIterable<string>, cryptoFor: (publicKeys: string[]) => ChainCrypto): Promise<Verification> {
  const heads: Head[] = []
  let start: (ExportLine & { line: 'start' }) | null = null
  let end: (ExportLine & { line: 'end' }) | null = null
  const iterator = lines[Symbol.asyncIterator]()
  const next = async (): Promise<ExportLine | null> => {
    for (;;) {
      const { value, done } = await iterator.next()
      if (done) return null
      if (value.trim() !== '') return parseLine(value)
    }
  }
  let line = await next()
  if (line?.line === 'start') start = line
  for (line = start && await next(); line?.line === 'head'; line = await next()) heads.push(line.head)
  async function* rows(): AsyncGenerator<AuditRow> {
    for (; line?.line === 'row'; line = await next()) yield line.row
    if (line?.line === 'end') end = line
  }
  const verification = await verifyChain(rows(), heads, 0, cryptoFor(start?.publicKeys ?? []))
  const complete = end as (ExportLine & { line: 'end' }) | null
  if (start !== null && complete !== null && complete.sealed === verification.sealed) {
    return { ...verification, rows: complete.sealed + complete.unsealed, unsealed: complete.unsealed }
  }
  const problem: ChainProblem = { kind: 'truncated-export', position: null, id: null, message: start === null ? 'This is no export of an audit log.' : 'The export ends in the middle.' }
  return { ...verification, ok: false, problems: [...verification.problems, problem] }
}

function parseLine(text: string): ExportLine | null {
  try {
    const parsed = JSON.parse(text) as ExportLine
    return typeof parsed === 'object' && parsed !== null && 'line' in parsed ? parsed : null
  } catch {
    return null
  }
}
