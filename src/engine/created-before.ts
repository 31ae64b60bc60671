/** Accounts that an earlier attempt has perhaps made, and nobody has seen since: what to look for, and which record is one. */
import type { ObservedRecord, Wanted } from '../connectors/connector.ts'
import { sameAttribute } from '../domain/decide.ts'
import type { Attributes } from '../domain/value.ts'
import type { ChangeRow } from '../store/batch.ts'
import { appendAudit } from '../store/audit.ts'
import type { Client } from '../store/database.ts'
import { keepNames } from '../store/name.ts'
import { linkAccounts, markGivenBefore, type Link } from '../store/observed.ts'
import { marksOf, type PreparedJob } from './prepared-job.ts'

export interface Creation {
  jobId: string
  objectType: string
  /** What the account was to have. */
  after: Attributes
  /** Native ids that the system answered with. */
  answered: string[]
}

export const creationOf = ({ jobId, objectType, after }: ChangeRow, answered: string[]): Creation => ({ jobId: jobId!, objectType: objectType!, after: after ?? {}, answered })

/** By what such an account is known, whatever it is called by now: somebody may have renamed it meanwhile. */
export function lookedForBy(jobs: Map<string, PreparedJob>, { jobId, objectType, after, answered }: Creation): Wanted[] {
  const marks = marksOf(jobs.get(jobId)!, after)
  return [...answered.map((id) => ({ objectType, id })), ...marks.map((attribute) => ({ objectType, attribute, value: after[attribute]! }))]
}

/** The record that the system answered with, else the only one that carries the person's mark. */
export function madeBefore(jobs: Map<string, PreparedJob>, creation: Creation, records: ObservedRecord[]): { record: ObservedRecord; isAnswered: boolean } | null {
  const there = records.filter((r) => r.objectType === creation.objectType && r.protected !== true)
  const known = there.find((r) => creation.answered.includes(r.id))
  if (known !== undefined) return { record: known, isAnswered: true }
  const marked = there.filter((r) => isMarked(jobs, creation, r))
  return marked.length === 1 ? { record: marked[0]!, isAnswered: false } : null
}

/** Whether a match rule says that a record is the one to be created. */
export function isMarked(jobs: Map<string, PreparedJob>, { jobId, after }: Pick<Creation, 'jobId' | 'after'>, record: ObservedRecord): boolean {
  const prepared = jobs.get(jobId)!
  return marksOf(prepared, after).some((name) => sameAttribute(prepared.type.attributes.find((d) => d.name === name), record.attributes[name], after[name]))
}

/** What was made for people is theirs, also where it is not to be there any more: nobody else would ever take it away. */
export async function takeIn(client: Client, systemId: string, made: Link[], actor: string, now: string): Promise<void> {
  if (made.length === 0) return
  const linked = await linkAccounts(client, systemId, made, actor, now)
  await appendAudit(client, linked.map(({ personId, jobId }) => ({ at: now, actor, action: 'account.taken-in', subject: `person:${personId}`, detail: { system: systemId, job: jobId } })))
  await keepNames(client, made)
  await markGivenBefore(client, systemId, made)
}
