/**
 * A leaver's receipt: who, which systems and accounts, what was removed, when it was seen gone, and where the audit log
 * says so. Signed, and verifiable without any Usher: each part has its digest, and the signature is over the digests, so
 * that a part that was altered is named.
 */
import { hashOf, type AuditRow, type ChainCrypto } from './audit-chain.ts'
import { canonical } from './value.ts'

export interface ReceiptSystem {
  id: string
  name: string
  state: string
  accounts: string[]
  removed: { what: string; at: string | null }[]
  goneAt: string | null
  seconds: number | null
  says: string
}

export interface ReceiptContent {
  leaver: { id: string; cause: string; by: string; effectiveAt: string; receivedAt: string; startedAt: string; goneAt: string | null; seconds: number | null; says: string; issuedAt: string }
  person: { id: string; name: string; employeeId: string | null }
  systems: ReceiptSystem[]
  /** Rows of the audit chain, each with the hash of the one before it. */
  audit: (AuditRow & { previous: string | null })[]
}

export interface Receipt extends ReceiptContent {
  format: 'usher-leaver-receipt'
  version: 1
  /** Part → SHA-256 of its canonical JSON. */
  digests: Record<string, string>
  /** PEM: whose signature it is. */
  publicKeys: string[]
  /** Base64, Ed25519 over `receiptMessage`. */
  signature: string
}

/** The parts of a receipt, by the name that a person knows them by. */
function partsOf(content: ReceiptContent): Map<string, unknown> {
  return new Map<string, unknown>([
    ['leaver', content.leaver], ['person', content.person],
    ...content.systems.map((system): [string, unknown] => [`system ${system.id}`, system]),
    ...content.audit.map((row): [string, unknown] => [`audit row ${row.position}`, row]),
  ])
}

export function digestsOf(content: ReceiptContent, sha256: ChainCrypto['sha256']): Record<string, string> {
  return Object.fromEntries([...partsOf(content)].map(([name, part]) => [name, sha256(canonical(part))]))
}

/** What is signed. */
export function receiptMessage(digests: Record<string, string>): string {
  return canonical({ usherLeaverReceipt: 1, digests })
}

export interface ReceiptVerification {
  ok: boolean
  problems: { part: string; message: string }[]
}

/** `crypto` verifies with the keys that are trusted: those that were kept, or those in the receipt. */
export function verifyReceipt(receipt: Receipt, crypto: ChainCrypto): ReceiptVerification {
  const problems: ReceiptVerification['problems'] = []
  const report = (part: string, message: string): void => { problems.push({ part, message }) }
  if (!crypto.verify(receiptMessage(receipt.digests), receipt.signature)) report('signature', 'The signature is not of a trusted key, or the list of digests was altered.')
  const now = digestsOf(receipt, crypto.sha256)
  for (const [part, digest] of Object.entries(receipt.digests)) {
    if (now[part] === undefined) report(part, `${capital(part)} is missing.`)
    else if (now[part] !== digest) report(part, `${capital(part)} was altered.`)
  }
  for (const part of Object.keys(now)) if (receipt.digests[part] === undefined) report(part, `${capital(part)} was added.`)
  for (const row of receipt.audit) {
    if (row.previous !== null && hashOf(row.previous, row, crypto.sha256) !== row.hash) report(`audit row ${row.position}`, `Audit row ${row.position} does not fit its hash in the chain.`)
  }
  return { ok: problems.length === 0, problems }
}

/** A receipt out of a file, or null where it is none. */
export function readReceipt(text: string): Receipt | null {
  try {
    const value = JSON.parse(text) as Receipt
    const whole = value.format === 'usher-leaver-receipt' && value.version === 1 && typeof value.signature === 'string'
      && Array.isArray(value.systems) && Array.isArray(value.audit) && Array.isArray(value.publicKeys) && typeof value.digests === 'object' && value.digests !== null
    return whole ? value : null
  } catch {
    return null
  }
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
