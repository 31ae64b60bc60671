/**
 * Evidence of a plan: one file that holds what the plan was computed from, each change with its result, and the stretch of
 * the audit chain in which it was approved and carried out. Every line is sealed to the one before it and the last one is
 * signed, so whoever has the public key can tell offline what was altered, left out, cut off or written anew.
 */
import { genesis, headMessage, hashOf, type AuditRow, type ChainCrypto, type Head } from './audit-chain.ts'
import { changeHashText, digestText, headText, itemText, type PlanHead } from './plan-hash.ts'
import type { Because, ChangeKind, ChangeState, PlanState } from './plan.ts'
import { canonical, type Attributes } from './value.ts'

/** Lines in this order: start, policy, reads, arrivals, changes by hash and id, head, audit rows, heads, end. */
export type EvidenceLine =
  | { line: 'start'; format: 'usher-evidence'; version: 1; exportedAt: string; publicKeys: string[]; plan: EvidencePlan; computedFrom: PlanHead }
  | { line: 'policy'; revision: number; document: unknown }
  | { line: 'read'; of: 'source' | 'system'; id: string; job?: string; system: string; at: string; complete: boolean; counts: Record<string, number>; because: string | null }
  | { line: 'arrivals'; job: string; snapshot: string; stretch: number; people: number; digest: string; state: ChangeState }
  | ({ line: 'change' } & EvidenceChange)
  | { line: 'audit-head'; head: Head }
  | { line: 'audit'; row: AuditRow }
  | { line: 'end'; lines: number; signature?: string }

export interface EvidencePlan {
  id: string
  number: string
  state: PlanState
  cause: string
  hash: string
  madeBy: string
  approvedBy: string | null
  approvedAt: string | null
}

export interface EvidenceChange {
  id: string
  stage: 1 | 2
  kind: ChangeKind
  systemId: string
  jobId: string | null
  objectType: string | null
  personId: string | null
  accountId: string | null
  entitlementId: string | null
  subject: string
  before: Attributes | null
  after: Attributes | null
  reasons: Because[]
  hash: string
  state: ChangeState
  code: string | null
  words: string | null
  doneAt: string | null
}

export type EvidenceProblemKind = 'altered' | 'missing' | 'cut' | 'recomputed' | 'inconsistent'

export interface EvidenceProblem {
  kind: EvidenceProblemKind
  /** Of the file, from 1; null: of the whole. */
  line: number | null
  message: string
}

export interface EvidenceVerdict {
  ok: boolean
  plan: EvidencePlan | null
  exportedAt: string | null
  changes: number
  auditRows: number
  problems: EvidenceProblem[]
}

export const evidenceProblemsMax = 100

/** A line as it stands in the file: its number, its content, and the seal over both and the line before. */
export function sealLine(previous: string, n: number, content: EvidenceLine, sha256: ChainCrypto['sha256']): { text: string; seal: string } {
  const seal = sealOf(previous, n, content, sha256)
  return { text: JSON.stringify({ n, ...content, seal }), seal }
}

/** What the signature of the last line is over. */
export const evidenceMessage = (lines: number, seal: string): string => canonical({ usherEvidence: 1, lines, seal })

function sealOf(previous: string, n: number, content: object, sha256: ChainCrypto['sha256']): string {
  return sha256(`${previous}\n${canonical({ n, ...content })}`)
}

/** Verifies a file line by line. `cryptoFor` gets the keys that the file names; `kept` are heads that were kept elsewhere. */
export async function verifyEvidence(lines: AsyncIterable<string>, cryptoFor: (publicKeys: string[]) => ChainCrypto, kept: Head[] = []): Promise<EvidenceVerdict> {
  const problems: EvidenceProblem[] = []
  const report = (kind: EvidenceProblemKind, line: number | null, message: string): void => {
    if (problems.length < evidenceProblemsMax) problems.push({ kind, line, message })
  }
  const seen: Seen = { start: null, policy: null, arrivals: [], changes: [], audit: [], heads: [], end: null }
  let crypto = cryptoFor([])
  let previous: string | null = ''
  let last = 0
  for await (const text of lines) {
    if (text.trim() === '') continue
    const parsed = parse(text)
    if (parsed === null) {
      last++
      report('altered', last, `Line ${last} cannot be read.`)
      previous = null
      continue
    }
    const { n, seal, ...rest } = parsed
    const content = rest as EvidenceLine
    if (n !== last + 1) {
      report('missing', last + 1, n === last + 2 ? `Line ${last + 1} is missing.` : `Lines ${last + 1} to ${n - 1} are missing.`)
      previous = null
    }
    if (content.line === 'end') seen.end = content
    const signed = content.line === 'end' ? without(content, 'signature') : content
    if (previous !== null && sealOf(previous, n, signed, crypto.sha256) !== seal) report('altered', n, `Line ${n} was altered: ${nameOf(content)}.`)
    previous = seal
    last = n
    if (content.line === 'start') crypto = cryptoFor(content.publicKeys)
    take(seen, content)
    if (content.line === 'end' && !crypto.verify(evidenceMessage(n, seal), content.signature ?? '')) {
      report('recomputed', n, 'The file is not signed by the key that counts: it was written anew, or by another Usher.')
    }
  }
  if (seen.end === null || seen.end.lines !== last) report('cut', last + 1, `The file ends with line ${last}, before its own end.`)
  if (seen.start === null) report('missing', 1, 'This is no evidence of a plan: its first line is not there.')
  else {
    checkPlan(seen, crypto, report)
    checkAudit(seen, kept, crypto, report)
  }
  return {
    ok: problems.length === 0, plan: seen.start?.plan ?? null, exportedAt: seen.start?.exportedAt ?? null,
    changes: seen.changes.length, auditRows: seen.audit.length, problems,
  }
}

type Line<K extends EvidenceLine['line']> = EvidenceLine & { line: K }
type Report = (kind: EvidenceProblemKind, line: number | null, message: string) => void

interface Seen {
  start: Line<'start'> | null
  policy: Line<'policy'> | null
  arrivals: Line<'arrivals'>[]
  changes: EvidenceChange[]
  audit: AuditRow[]
  heads: Head[]
  end: Line<'end'> | null
}

function take(seen: Seen, content: EvidenceLine): void {
  switch (content.line) {
    case 'start': seen.start = content; break
    case 'policy': seen.policy = content; break
    case 'arrivals': seen.arrivals.push(content); break
    case 'change': seen.changes.push(content); break
    case 'audit-head': seen.heads.push(content.head); break
    case 'audit': seen.audit.push(content.row); break
    default:
  }
}

function parse(text: string): { n: number; seal: string; line: string } | null {
  try {
    const value = JSON.parse(text) as { n: number; seal: string; line: string }
    return value !== null && typeof value === 'object' && Number.isInteger(value.n) && typeof value.seal === 'string' && typeof value.line === 'string' ? value : null
  } catch {
    return null
  }
}

function without(content: Line<'end'>, name: 'signature'): object {
  const { [name]: _, ...rest } = content
  return rest
}

function nameOf(content: EvidenceLine): string {
  switch (content.line) {
    case 'start': return 'the plan and what it was computed from'
    case 'policy': return `policy revision ${content.revision}`
    case 'read': return `the read of ${content.system}`
    case 'arrivals': return `people who arrive, stretch ${content.stretch}`
    case 'change': return `the change "${content.kind} ${content.subject}" in ${content.systemId}`
    case 'audit': return `audit row ${content.row.position ?? '?'}`
    case 'audit-head': return `the signed head at audit row ${content.head.position}`
    default: return 'the end of the file'
  }
}

/** Whether the parts make up the very hash that the plan has, and that was approved. */
function checkPlan({ start, policy, arrivals, changes, audit }: Seen, { sha256 }: ChainCrypto, report: Report): void {
  const { plan, computedFrom } = start!
  if (policy === null || sha256(canonical(policy.document)) !== computedFrom.policy || policy.revision !== computedFrom.revision) {
    report('inconsistent', null, `The policy is not that of revision ${computedFrom.revision}, which the plan was computed with.`)
  }
  for (const change of changes) {
    if (sha256(changeHashText({ ...change, jobId: change.jobId!, objectType: change.objectType!, personId: change.personId! })) === change.hash) continue
    report('inconsistent', null, `The change "${change.kind} ${change.subject}" in ${change.systemId} is not the one that was planned: its hash says otherwise.`)
  }
  const created = new Set(changes.filter((c) => c.kind === 'create' && c.stage === 2).map((c) => `${c.personId} ${c.jobId}`))
  const account = (c: EvidenceChange): string | null => (created.has(`${c.personId} ${c.jobId}`) ? null : c.accountId)
  const text = [headText(computedFrom), ...arrivals.map((a) => digestText(a.digest)), ...changes.map((c) => itemText(c.hash, account(c)))].join('')
  if (sha256(text) !== plan.hash) report('inconsistent', null, 'The plan\'s hash is not that of its parts: what it was computed from, its changes or their accounts are others.')
  for (const row of audit.filter((r) => r.action === 'plan.approved' && r.subject === `plan:${plan.id}`)) {
    if (row.detail['hash'] !== plan.hash) report('inconsistent', null, `Audit row ${row.position}: another hash was approved than that of this plan.`)
  }
}

/** The stretch of the chain, its signed heads, and whether the results are those that it tells. */
function checkAudit({ start, audit, heads, changes }: Seen, kept: Head[], crypto: ChainCrypto, report: Report): void {
  const signed = new Map<number, string>()
  for (const head of [...heads, ...kept]) {
    if (head.position === 0 && head.hash === genesis) continue
    if (!crypto.verify(headMessage(head), head.signature)) report('recomputed', null, `The head at audit row ${head.position} is not signed by the key that counts.`)
    else if (signed.has(head.position) && signed.get(head.position) !== head.hash) report('recomputed', null, `The audit chain up to row ${head.position} was written anew.`)
    else signed.set(head.position, head.hash)
  }
  let previous: { position: number; hash: string } | null = heads[0] ?? null
  for (const row of audit) {
    const position = row.position ?? 0
    if (previous === null || position !== previous.position + 1) report('missing', null, `Audit rows before row ${position} are missing.`)
    else if (hashOf(previous.hash, row, crypto.sha256) !== row.hash) report('inconsistent', null, `Audit row ${position} does not continue the chain.`)
    const here = signed.get(position)
    if (here !== undefined && here !== row.hash) report('recomputed', null, `The audit chain up to row ${position} was written anew.`)
    previous = { position, hash: row.hash ?? '' }
  }
  const covered = Math.max(0, ...signed.keys())
  if (audit.length > 0 && covered < (audit.at(-1)!.position ?? 0)) report('missing', null, 'No signed head covers the last audit rows.')
  const told = new Map(audit.filter((r) => r.detail['plan'] === start!.plan.id && r.detail['change'] !== undefined).map((r) => [String(r.detail['change']), r]))
  for (const change of changes.filter((c) => c.state === 'done' && c.stage === 2)) {
    const row = told.get(change.id)
    if (row === undefined) report('inconsistent', null, `The change "${change.kind} ${change.subject}" is said to be done, and the audit log does not tell of it.`)
    else if (row.detail['hash'] !== change.hash || row.action !== `change.${change.kind}.done`) {
      report('inconsistent', null, `The change "${change.kind} ${change.subject}" is not what audit row ${row.position} tells of.`)
    }
  }
}
