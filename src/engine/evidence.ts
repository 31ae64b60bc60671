/** Writes the evidence of a plan: see domain/evidence.ts. The audit log is sealed after the changes were read, so that it tells of each that is done. */
import { createHash, sign } from 'node:crypto'
import { genesis } from '../domain/audit-chain.ts'
import { UsherError } from '../domain/errors.ts'
import { evidenceMessage, sealLine, type EvidenceLine } from '../domain/evidence.ts'
import { headsAfter, sealedRows } from '../store/audit.ts'
import { auditStretch, evidenceArrivals, evidenceChanges, evidencePlan, evidenceReads, headBefore } from '../store/evidence.ts'
import { findPlan } from '../store/plan.ts'
import { documentAt } from '../store/policy.ts'
import { sealAudit, type AuditKeys } from './audit-sealer.ts'
import type { Context } from './context.ts'
import { headOfPlan } from './plan-hash.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** NDJSON, line by line. NOT_FOUND; CONFLICT for a plan that was not computed to its end. */
export async function* exportEvidence(context: Context, keys: AuditKeys, planId: string): AsyncGenerator<string> {
  let [n, previous] = [0, '']
  for await (const content of contents(context, keys, planId)) {
    const { text, seal } = sealLine(previous, ++n, content, sha256)
    previous = seal
    yield `${text}\n`
  }
  const { text, seal } = sealLine(previous, ++n, { line: 'end', lines: n }, sha256)
  const signature = sign(null, Buffer.from(evidenceMessage(n, seal)), keys.privateKey).toString('base64')
  yield `${JSON.stringify({ ...JSON.parse(text) as object, signature })}\n`
}

async function* contents({ pool, now }: Context, keys: AuditKeys, planId: string): AsyncGenerator<EvidenceLine> {
  const [plan, row] = [await evidencePlan(pool, planId), await findPlan(pool, planId)]
  if (plan === null || row === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
  if (plan.hash === null) throw new UsherError('CONFLICT', `Plan ${plan.number} is ${plan.state}: there is no evidence of a plan that was not computed to its end.`)
  const { policyRevision: revision, asOf, basis } = row
  yield { line: 'start', format: 'usher-evidence', version: 1, exportedAt: now(), publicKeys: keys.publicKeys, plan, computedFrom: await headOfPlan(pool, { revision, asOf, basis }) }
  yield { line: 'policy', revision, document: await documentAt(pool, revision) }
  yield* await evidenceReads(pool, Object.values(basis.snapshots), Object.values(basis.observations))
  yield* await evidenceArrivals(pool, planId)
  for await (const changes of evidenceChanges(pool, planId)) for (const change of changes) yield { line: 'change', ...change }
  await sealAudit(pool, keys, now())
  const stretch = await auditStretch(pool, planId)
  if (stretch === null) return
  const before = await headBefore(pool, stretch.first)
  const from = before?.position ?? 0
  const heads = await headsAfter(pool, from)
  const closing = heads.find((head) => head.position >= stretch.last)?.position ?? stretch.last
  yield { line: 'audit-head', head: before ?? { position: 0, hash: genesis, sealedAt: now(), signature: '' } }
  for (const head of heads.filter((h) => h.position <= closing)) yield { line: 'audit-head', head }
  for await (const one of sealedRows(pool, 5000, from)) {
    if (one.position! > closing) return
    yield { line: 'audit', row: one }
  }
}
