/** The rows that evidence of a plan is made of. */
import type { Head } from '../domain/audit-chain.ts'
import type { EvidenceChange, EvidenceLine, EvidencePlan } from '../domain/evidence.ts'
import type { Db } from './database.ts'

const pageSize = 5000

export async function evidencePlan(db: Db, planId: string): Promise<EvidencePlan | null> {
  const { rows } = await db.query<EvidencePlan>(
    `select id, number, state, cause, hash, made_by as "madeBy", approved_by as "approvedBy", approved_at as "approvedAt" from plan where id = $1`, [planId])
  return rows[0] ?? null
}

export async function evidenceReads(db: Db, snapshots: string[], observations: string[]): Promise<(EvidenceLine & { line: 'read' })[]> {
  const { rows } = await db.query<EvidenceLine & { line: 'read' }>(
    `select 'read' as line, 'source' as of, id, job_id as job, system_id as system, read_at as at, state = 'complete' as complete,
            jsonb_build_object('rows', rows, 'setAside', set_aside) as counts, because
       from snapshot where id = any ($1)
     union all
     select 'read', 'system', id, null, system_id, read_at, state = 'complete',
            jsonb_build_object('accounts', accounts, 'entitlements', entitlements, 'memberships', memberships), because
       from observation where id = any ($2)
     order by 2, 5, 3`, [snapshots, observations])
  return rows
}

export async function evidenceArrivals(db: Db, planId: string): Promise<(EvidenceLine & { line: 'arrivals' })[]> {
  const { rows } = await db.query<EvidenceLine & { line: 'arrivals' }>(
    `select 'arrivals' as line, job_id as job, snapshot_id as snapshot, stretch, people, encode(digest, 'hex') as digest, state
       from plan_arrival where plan_id = $1 order by job_id, snapshot_id, stretch`, [planId])
  return rows
}

/** In the order in which the plan's hash takes them in. */
export async function* evidenceChanges(db: Db, planId: string): AsyncGenerator<EvidenceChange[]> {
  let [hash, id]: [string | null, string] = [null, '0']
  for (;;) {
    const { rows }: { rows: EvidenceChange[] } = await db.query(
      `select id, stage, kind, system_id as "systemId", job_id as "jobId", object_type as "objectType", person_id as "personId", account_id as "accountId",
              entitlement_id as "entitlementId", subject, before, after, reasons, encode(hash, 'hex') as hash, state, code, words, done_at as "doneAt"
         from plan_change where plan_id = $1 and ($2::text is null or (hash, id) > (decode($2, 'hex'), $3::bigint))
        order by plan_change.hash, id limit ${pageSize}`, [planId, hash, id])
    if (rows.length > 0) yield rows
    if (rows.length < pageSize) return
    ;({ hash, id } = rows.at(-1)!)
  }
}

/** From where to where in the chain a plan is spoken of; null: not at all, or not sealed yet. */
export async function auditStretch(db: Db, planId: string): Promise<{ first: number; last: number } | null> {
  const { rows: [row] } = await db.query<{ first: string | null; last: string | null }>(
    `select min(position) as first, max(position) as last from audit where subject = 'plan:' || $1::text or detail ->> 'plan' = $1::text`, [planId])
  return row?.first == null ? null : { first: Number(row.first), last: Number(row.last) }
}

/** The last head before a position; null: the chain begins there. */
export async function headBefore(db: Db, position: number): Promise<Head | null> {
  const { rows: [row] } = await db.query<Omit<Head, 'position'> & { position: string }>(
    `select position, encode(hash, 'hex') as hash, sealed_at as "sealedAt", translate(encode(signature, 'base64'), E'\\n', '') as signature
       from audit_head where position < $1 order by position desc limit 1`, [position])
  return row === undefined ? null : { ...row, position: Number(row.position) }
}
