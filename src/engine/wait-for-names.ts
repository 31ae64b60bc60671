/** Accounts that are called otherwise than they should be, because a record of somebody else has the name: it is waited for. */
import type { Finding } from '../domain/plan.ts'
import type { Db } from '../store/database.ts'
import { pairKey, type DesiredRow, type LoadedFacts } from '../store/facts.ts'
import { namesInUse } from '../store/name.ts'
import { nameTaken, textOf } from './choose-names.ts'
import type { PreparedJob } from './prepared-job.ts'

/** Takes such names out of what is wanted, so that nothing is decided about them; returns what to tell. */
export async function waitForNames(db: Db, loaded: LoadedFacts, jobs: Map<string, PreparedJob>): Promise<Finding[]> {
  const findings: Finding[] = []
  const wished = [...loaded.desired.values()].flatMap((row) => wishesOf(row, loaded, jobs.get(row.jobId)))
  for (const own of Map.groupBy(wished, (w) => `${w.job.destination} ${w.attribute}`).values()) {
    const used = await namesInUse(db, own[0]!.job.destination, own[0]!.attribute, own.map((w) => w.value))
    for (const { row, job, attribute, value } of own.filter((w) => used.has(w.value.toLowerCase()))) {
      const { [attribute]: _, ...others } = row.attributes!
      row.attributes = others
      findings.push({ ...nameTaken(job.name, attribute, value), system: job.destination, job: job.id, person: row.personId })
    }
  }
  return findings
}

function wishesOf(row: DesiredRow, { accounts, matched }: LoadedFacts, prepared: PreparedJob | undefined) {
  const seen = accounts.get(pairKey(row)) ?? matched.get(row.matchedAccountId ?? '')
  if (prepared === undefined || seen === undefined || row.wanted === 'broken') return []
  return prepared.named.flatMap((attribute) => {
    const value = textOf(row.attributes?.[attribute])
    return value === undefined || value.toLowerCase() === textOf(seen.attributes[attribute])?.toLowerCase() ? [] : [{ row, job: prepared.job, attribute, value }]
  })
}
