/**
 * Brakes for those whom a source ended. The brake on people had its say when they were ended; the limits that every system
 * has by default are for mistakes of the mapping, and hold no leaver. But where a system's policy sets a limit of its own on
 * *disable* or *revoke*, somebody wanted a look there, and the lane does not go past it. Whom a human ended by name, and
 * dates that were agreed, no brake counts.
 */
import type { PlanBrake } from '../domain/plan.ts'
import type { Policy, System } from '../domain/policy.ts'
import type { Client } from '../store/database.ts'
import type { LeaverRow } from '../store/leaver.ts'
import { letPass, passedElsewhere } from '../store/leaver-brake.ts'
import { applyBrakes } from './brakes.ts'

/** The systems that set limits of their own for what a leaver's plan does. */
export function ownLimits(policy: Policy): Set<string> {
  return new Set(policy.systems.filter((s) => s.brakes?.disable ?? s.brakes?.revoke ?? (s.privileged.length > 0 ? s.privilegedBrakes?.revoke : undefined)).map((s) => s.id))
}

export function mayBeHeld(policy: Policy, leavers: LeaverRow[], changes: { systemId: string }[]): boolean {
  if (leavers.every((l) => l.cause === 'hand')) return false
  const limited = ownLimits(policy)
  return changes.some((c) => limited.has(c.systemId))
}

/** Holds what goes past a system's own limit, but for what the plan that ended these people was let do already. */
export async function brakeLeavers(client: Client, planId: string, policy: Policy, now: string, supersede: () => Promise<void>): Promise<PlanBrake[]> {
  // One after the other: together they could go past a limit that each of them keeps.
  await client.query(`select pg_advisory_xact_lock(hashtext('usher brakes'))`)
  const passed = await passedElsewhere(client, planId)
  await supersede()
  const brakes = await applyBrakes(client, planId, { ...policy, settings: { ...policy.settings, peopleBrakes: {} }, systems: policy.systems.map(onlyOwn) }, now, [])
  const left = await letPass(client, planId, passed)
  return brakes.filter((b) => b.released !== undefined || left.some((l) => l.systemId === b.system && l.kind === b.kind))
}

function onlyOwn(system: System): System {
  return {
    ...system,
    brakes: { create: undefined, update: undefined, rename: undefined, delete: undefined, grant: undefined, errorRate: undefined, disable: system.brakes?.disable, revoke: system.brakes?.revoke },
    privilegedBrakes: { grant: undefined, revoke: system.privilegedBrakes?.revoke },
  }
}
