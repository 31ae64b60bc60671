/** Brakes: limits that hold part of a plan before its first write, until somebody releases the exact set. */
import { createHash } from 'node:crypto'
import { brakesOf, type Brake, type Policy } from '../domain/policy.ts'
import type { ChangeKind, PlanBrake } from '../domain/plan.ts'
import type { Client } from '../store/database.ts'
import { branchSizes, heldSet, holdSet, isReleased, observeWithPeople, peopleHeldSet } from '../store/brake.ts'

/** Whether this many changes of what is there are more than a brake lets through. */
export function exceeds(limit: Brake, planned: number, of: number): boolean {
  if (limit.count === undefined && limit.share === undefined) return false
  const overCount = limit.count === undefined || planned > limit.count
  const overShare = limit.share === undefined || planned > limit.share * of
  return overCount && overShare
}

/** Marks what brakes hold, and what depends on people who are held; returns every brake that met its limit, released ones too. */
export async function applyBrakes(client: Client, planId: string, policy: Policy, asOf: string, already: PlanBrake[]): Promise<PlanBrake[]> {
  const brakes: PlanBrake[] = [...already]
  await observeWithPeople(client, planId)
  const sizes = await branchSizes(client, planId)
  for (const { systemId, kind, planned, of } of sizes) {
    const limits = systemId === 'people' ? policy.settings.peopleBrakes : brakesOf(policy.systems.find((s) => s.id === systemId) ?? {})
    const limit = (limits as Partial<Record<ChangeKind, Brake>>)[kind]
    if (limit === undefined || !exceeds(limit, planned, of)) continue
    const setHash = hashSet(await heldSet(client, planId, systemId, kind))
    const released = await isReleased(client, setHash, asOf)
    brakes.push({ system: systemId, kind, planned, of, limit, setHash, ...(released === null ? {} : { released }) })
    if (released === null) await holdSet(client, planId, systemId, kind)
  }
  await peopleHeldSet(client, planId)
  return brakes
}

export function hashSet(hashes: Buffer[]): string {
  const hash = createHash('sha256')
  for (const one of hashes) hash.update(one)
  return hash.digest('hex')
}

/** After a release: holds again what other brakes still hold. */
export async function holdUnreleased(client: Client, planId: string, brakes: PlanBrake[]): Promise<void> {
  for (const brake of brakes.filter((b) => b.released === undefined && b.code === undefined)) await holdSet(client, planId, brake.system, brake.kind)
  await peopleHeldSet(client, planId)
}
