/** The hash that an approval is given to: over what a plan was computed from, and each of its changes. */
import { createHash } from 'node:crypto'
import { canonical } from '../domain/value.ts'
import type { Client } from '../store/database.ts'
import { changeHashes, type PlanRow } from '../store/plan.ts'

export async function hashOfPlan(client: Client, planId: string, from: { revision: number; asOf: string; basis: PlanRow['basis'] }): Promise<string> {
  const hash = createHash('sha256').update(canonical({ revision: from.revision, asOf: from.asOf, basis: from.basis }))
  for await (const hashes of changeHashes(client, planId)) for (const one of hashes) hash.update(one)
  return hash.digest('hex')
}
