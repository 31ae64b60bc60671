/** Revisions of the policy. Each is the whole policy; none is ever changed. */
import { UsherError } from '../domain/errors.ts'
import { emptyPolicy, type Policy, type Revision } from '../domain/policy.ts'
import { checkPolicy, type Describe, type PolicyProblem } from '../domain/policy-check.ts'
import { parsePolicy } from '../domain/policy-parse.ts'
import type { Client, Db } from './database.ts'

export interface RevisionRow {
  revision: number
  madeAt: string
  madeBy: string
  message: string
}

/** Makes revision 0, which holds nothing, where there is none yet. */
export async function ensurePolicy(db: Db, now: string): Promise<void> {
  await db.query(
    `insert into policy_revision (revision, document, made_at, made_by, message)
     values (0, $1, $2, 'usher', 'The beginning') on conflict do nothing`,
    [JSON.stringify(emptyPolicy), now],
  )
}

/** The revision in force. */
export async function currentRevision(db: Db): Promise<Revision> {
  return await lastRevision(db, 'true', []) ?? { revision: 0, policy: emptyPolicy }
}

export async function newestRevision(db: Db): Promise<number> {
  const { rows } = await db.query<{ revision: number }>('select coalesce(max(revision), 0) as revision from policy_revision')
  return rows[0]!.revision
}

export async function revisionAt(db: Db, revision: number): Promise<Revision> {
  const found = await lastRevision(db, 'revision = $1', [revision])
  if (found === null) throw new UsherError('NOT_FOUND', `There is no policy revision ${revision}.`)
  return found
}

/** The policy as it was saved, to the letter. */
export async function documentAt(db: Db, revision: number): Promise<unknown> {
  const { rows: [row] } = await db.query<{ document: unknown }>('select document from policy_revision where revision = $1', [revision])
  return row?.document ?? null
}

/** The revision that was in force at an instant. */
export async function revisionInForce(db: Db, at: string): Promise<Revision> {
  return await lastRevision(db, 'made_at <= $1', [at]) ?? { revision: 0, policy: emptyPolicy }
}

/** Newest first. */
export async function listRevisions(db: Db, limit = 1000): Promise<RevisionRow[]> {
  const { rows } = await db.query<RevisionRow>(
    `select revision, made_at as "madeAt", made_by as "madeBy", message from policy_revision order by revision desc limit $1`, [limit])
  return rows
}

export interface NewRevision {
  /** The revision that the edit started from. */
  base: number
  document: unknown
  actor: string
  message: string
  now: string
  /** What the systems' connectors say; without it, nothing is checked against them. */
  describe?: Describe
}

/** Writes the next revision within the caller's transaction. POLICY_MOVED if somebody was faster, POLICY_INVALID if it has errors. */
export async function saveRevision(client: Client, { base, document, actor, message, now, describe }: NewRevision): Promise<Revision> {
  const policy = validPolicy(document, describe)
  await client.query('lock table policy_revision in share row exclusive mode')
  const current = await currentRevision(client)
  if (current.revision !== base) {
    throw new UsherError('POLICY_MOVED', `The policy is at revision ${current.revision} by now; the edit started from ${base}.`, { base, current: current.revision })
  }
  const revision = base + 1
  await client.query('insert into policy_revision (revision, document, made_at, made_by, message) values ($1, $2, $3, $4, $5)',
    [revision, JSON.stringify(policy), now, actor, message])
  return { revision, policy }
}

/** The policy with its defaults. Throws POLICY_INVALID with all `problems`, the first of them in words. */
export function validPolicy(document: unknown, describe?: Describe): Policy {
  const { policy, problems } = parsePolicy(document)
  const found = policy === null ? problems : checkPolicy(policy, describe)
  const errors = found.filter((problem) => problem.severity === 'error')
  if (policy !== null && errors.length === 0) return policy
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  throw new UsherError('POLICY_INVALID', first === undefined ? 'The policy cannot be read.' : `${placeOf(first, document)}: ${first.message}${more}`, { problems: found })
}

/** `jobs/hr-people, mapping.email` rather than `jobs.3.mapping.email`. */
function placeOf({ path }: PolicyProblem, document: unknown): string {
  const [kind, index, ...rest] = path
  const objects = (document as Record<string, unknown>)[String(kind)]
  const object = Array.isArray(objects) && typeof index === 'number' ? objects[index] as { id?: unknown } | null : null
  if (typeof object?.id !== 'string') return path.join('.') || 'policy'
  return [`${String(kind)}/${object.id}`, rest.join('.')].filter((part) => part !== '').join(', ')
}

/** The latest policies read, by their digest: each plan asks for the same one several times. Frozen, as they are shared. */
const read = new Map<string, Policy>()
const readMax = 8

/** The last of the revisions that a condition holds of. Stored policies were valid when they were stored; parsing fills in what later versions added. */
async function lastRevision(db: Db, condition: string, values: unknown[]): Promise<Revision | null> {
  const { rows: [row] } = await db.query<{ revision: number; digest: string }>(
    `select revision, encode(digest, 'hex') as digest from policy_revision where ${condition} order by revision desc limit 1`, values)
  if (row === undefined) return null
  const { revision, digest } = row
  const known = read.get(digest)
  if (known !== undefined) return { revision, policy: known }
  const { policy, problems } = parsePolicy(await documentAt(db, revision))
  if (policy === null) throw new UsherError('POLICY_INVALID', `Policy revision ${revision} cannot be read: ${problems[0]?.message ?? ''}`, { revision, problems })
  if (read.size >= readMax) read.delete(read.keys().next().value!)
  read.set(digest, frozen(policy))
  return { revision, policy }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const one of Object.values(value)) frozen(one)
  return Object.freeze(value)
}
