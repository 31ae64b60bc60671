/** Accounts that are called otherwise than they should be, because a record of somebody else has the name: it is waited for. */
import type { Finding } from '../domain/plan.ts'
import type { AccountJob } from '../domain/policy.ts'
import type { Db } from '../store/database.ts'
import { pairKey, type DesiredRow, type LoadedFacts } from '../store/facts.ts'
import { namesInUse } from '../store/name.ts'
import { nameTaken, textOf } from './choose-names.ts'
import type { PreparedJob } from './prepared-job.ts'

/** Takes such names out of what is wanted, so that nothing is decided about them; returns what to tell. */
export async function waitForNames(db: Db, loaded: LoadedFacts, jobs: Map<string, PreparedJob>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const own of Map.groupBy(newNames(loaded, jobs), (w) => `${w.job.destination} ${w.attribute}`).values()) {
    const used = await namesInUse(db, own[0]!.job.destination, own[0]!.attribute, own.map((w) => w.value))
    for (const { row, job, attribute, value } of own.filter((w) => used.has(w.value.toLowerCase()))) {
      const { [attribute]: _, ...others } = row.attributes!
      row.attributes = others
      findings.push({ ...nameTaken(job.name, attribute, value), system: job.destination, job: job.id, person: row.personId })
    }
  }
  return findings
}

interface Wish { row: DesiredRow; job: AccountJob; attribute: string; value: string }

/** Names that accounts are to get in place of those that they have. */
function newNames({ desired, accounts, matched }: LoadedFacts, jobs: Map<string, PreparedJob>): Wish[] {
  const wished: Wish[] = []
  // Nearly all are called as they should be, and a plan of everybody asks for each.
  if (accounts.size + matched.size === 0) return wished
  for (const row of desired.values()) {
    const prepared = jobs.get(row.jobId)
    if (prepared === undefined || prepared.named.length === 0 || row.wanted === 'broken') continue
    const seen = accounts.get(pairKey(row)) ?? matched.get(row.matchedAccountId ?? '')
    if (seen === undefined) continue
    for (const attribute of prepared.named) {
      const [value, own] = [textOf(row.attributes?.[attribute]), textOf(seen.attributes[attribute])]
      if (value !== undefined && value !== own && value.toLowerCase() !== own?.toLowerCase()) wished.push({ row, job: prepared.job, attribute, value })
    }
  }
  return wished
}
