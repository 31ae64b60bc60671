/** The hash that an approval is given to. What it covers is said in domain/plan-hash.ts. */
import { createHash, hash } from 'node:crypto'
import type { Policy } from '../domain/policy.ts'
import { digestText, headText, type PlanHead } from '../domain/plan-hash.ts'
import { canonical } from '../domain/value.ts'
import { together, type Client, type Db } from '../store/database.ts'
import { arrivalDigests } from '../store/people-bulk.ts'
import { hasManyItems, plannedItems, snapshotsOfPlan, type PlanRow } from '../store/plan.ts'
import { documentAt } from '../store/policy.ts'
import type { Revision } from './context.ts'

export interface HashedFrom {
  revision: number
  asOf: string
  basis: PlanRow['basis']
  /** Of that revision, where it is known already. */
  policyHash?: string
}

export async function hashOfPlan(client: Client, planId: string, from: HashedFrom): Promise<string> {
  const [head, arrivals, many] = await together(client, () => headOfPlan(client, from), () => arrivalDigests(client, planId), () => hasManyItems(client, planId))
  const sum = createHash('sha256').update(headText(head))
  for (const digest of arrivals) sum.update(digestText(digest.toString('hex')))
  for await (const items of plannedItems(client, planId, many)) sum.update(items)
  return sum.digest('hex')
}

export async function headOfPlan(db: Db, { revision, asOf, basis, policyHash }: HashedFrom): Promise<PlanHead> {
  const [policy, snapshots] = await together(db, async () => policyHash ?? hash('sha256', canonical(await documentAt(db, revision))), () => snapshotsOfPlan(db, basis.snapshots))
  return { revision, policy, asOf, snapshots, observations: basis.observations }
}

/** Of policies that are in use. */
const hashes = new WeakMap<Policy, string>()

export async function hashOfPolicy(db: Db, { revision, policy }: Revision): Promise<string> {
  const known = hashes.get(policy) ?? hash('sha256', canonical(await documentAt(db, revision)))
  hashes.set(policy, known)
  return known
}
