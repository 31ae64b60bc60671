/** Which unique names a person's account shall have. */
import type { DesiredAccount } from '../domain/evaluate.ts'
import type { Finding } from '../domain/plan.ts'
import type { Attributes, Value } from '../domain/value.ts'
import type { Client } from '../store/database.ts'
import { namesInUse, type Reservation } from '../store/name.ts'
import type { Names } from './names.ts'
import type { PreparedJob } from './prepared-job.ts'
import type { ResolvedAccount } from './resolve-accounts.ts'

export type Problem = Pick<Finding, 'code' | 'message' | 'details'>

/** `meant`: a plan reserved it and has not used it yet; else an account of theirs had it. */
export interface Reserved { value: string; meant: boolean }

/** A name that is about to be reserved; `had`: the account has it already, so it is not given up for another one; `instead`: of one that was only meant. */
export interface Fresh extends Reservation {
  had: boolean
  instead: boolean
}

export interface Choosing {
  reserved: Map<string, Reserved>
  /** Those of them that a record of somebody else has. */
  lost: Set<string>
  names: Names
  fresh: Fresh[]
}

export function nameTaken(job: string, attribute: string, value: string): Problem {
  return { code: 'NAME_TAKEN', message: `${job}: ${attribute} ${value} is kept for this person, and a record that is not theirs has it. Rename or delete that record, or link it to them.` }
}

/** Fills in unique names: the one reserved, else the one that the account has, else the first free candidate. One that they had and lost is waited for. */
export async function chooseNames(one: ResolvedAccount, prepared: PreparedJob, account: DesiredAccount, present: Attributes | null, { reserved, lost, names, fresh }: Choosing): Promise<Problem | null> {
  const job = prepared.job.name
  for (const [attribute, candidates] of Object.entries(account.candidates)) {
    const key = `${one.personId} ${one.jobId} ${attribute}`
    const own = textOf(present?.[attribute])
    const kept = reserved.get(key)
    const isLost = lost.has(key)
    if (isLost && !kept!.meant && own === undefined) return nameTaken(job, attribute, kept!.value)
    const value = (isLost && kept!.meant ? undefined : kept?.value) ?? own ?? await names.firstFree(attribute, candidates)
    if (value === undefined) {
      if (candidates.length === 0) return { code: 'REQUIRED_EMPTY', message: `${job}: no candidate for the unique ${attribute}, because what it is made of is empty.` }
      return { code: 'NAME_EXHAUSTED', message: `${job}: all ${candidates.length} candidates for ${attribute} are taken (${candidates.join(', ')}).` }
    }
    names.choose(attribute, value)
    if (kept === undefined || (isLost && kept.meant)) {
      fresh.push({ personId: one.personId, jobId: one.jobId, systemId: one.systemId, attribute, value, had: own !== undefined, instead: isLost })
    }
    one.attributes[attribute] = value
  }
  return null
}

/** Reserved names (`person job attribute`) that records have which are not their people's. `attributesOf`: of the account that somebody has. */
export async function lostNames(
  client: Client, prepared: PreparedJob, group: { personId: string; account: DesiredAccount }[], attributesOf: (personId: string) => Attributes | null, reserved: Map<string, Reserved>,
): Promise<Set<string>> {
  const wished = group.flatMap(({ personId, account }) => Object.keys(account.candidates).flatMap((attribute) => {
    const key = `${personId} ${prepared.job.id} ${attribute}`
    const value = reserved.get(key)?.value
    return value === undefined || textOf(attributesOf(personId)?.[attribute])?.toLowerCase() === value.toLowerCase() ? [] : [{ key, attribute, value }]
  }))
  const lost = new Set<string>()
  for (const [attribute, own] of Map.groupBy(wished, (w) => w.attribute)) {
    const used = await namesInUse(client, prepared.job.destination, attribute, own.map((w) => w.value))
    for (const { key, value } of own) if (used.has(value.toLowerCase())) lost.add(key)
  }
  return lost
}

export function textOf(value: Value | undefined): string | undefined {
  return value === undefined || Array.isArray(value) ? undefined : String(value)
}
