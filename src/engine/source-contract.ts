/** Judges a read of a source by its contract. Out of contract it proves no absence, and its empty columns clear nothing. */
import { hash } from 'node:crypto'
import type { ReadEnd, SourceShape } from '../connectors/connector.ts'
import { breachesOf, breachSentence, columnsToKeep, learnedFrom, type ReadProfile } from '../domain/contract.ts'
import type { RowMapper } from '../domain/map-row.ts'
import type { PeopleJob } from '../domain/policy.ts'
import { canonical } from '../domain/value.ts'
import { goodReads, keepEmptied, storeProfile } from '../store/contract.ts'
import type { Client } from '../store/database.ts'
import { isReleased } from '../store/release.ts'
import type { NewSnapshot } from '../store/snapshot.ts'

/** What creeps in over so many days counts together. */
const learnedDays = 7

export interface Judged {
  end: ReadEnd
  /** Of the exact ways in which it is out of contract; a release names it. */
  contractHash?: string
  /** Rows were changed: what they clear is kept. */
  kept: boolean
}

export async function judgeRead(client: Client, input: {
  job: PeopleJob; mapper: RowMapper; snapshot: NewSnapshot; shape: SourceShape | null; counted: ReadProfile; end: ReadEnd
}): Promise<Judged> {
  const { job, mapper, snapshot, shape, end } = input
  // A copy is as young as its copying; what the file says of itself counts for more.
  const modifiedAt = (end.complete ? end.statedAt : undefined) ?? shape?.modifiedAt
  const now: ReadProfile = {
    ...input.counted, ...(shape?.encoding === undefined ? {} : { encoding: shape.encoding }), ...(modifiedAt === undefined ? {} : { modifiedAt }),
  }
  const since = Temporal.Instant.from(snapshot.readAt).subtract({ hours: 24 * learnedDays }).toString()
  const breaches = breachesOf(job.completeness, learnedFrom(await goodReads(client, job.id, since)), now, snapshot.readAt)
  if (breaches.length === 0) {
    await storeProfile(client, snapshot.id, now, false)
    return { end, kept: false }
  }
  const contractHash = hash('sha256', canonical([job.id, breaches]))
  if (end.complete && await isReleased(client, contractHash, snapshot.readAt) !== null) {
    await storeProfile(client, snapshot.id, now, true)
    return { end, kept: false }
  }
  const columns = columnsToKeep(breaches)
  for (const column of columns) {
    const names = [...mapper.columnsOf].filter(([, from]) => from.includes(column)).map(([name]) => name)
    await keepEmptied(client, snapshot.id, {
      column, index: shape === null ? null : mapper.columns.indexOf(column),
      attributes: names.filter((n) => !n.startsWith('position.')), position: names.filter((n) => n.startsWith('position.')).map((n) => n.slice('position.'.length)),
    })
  }
  await storeProfile(client, snapshot.id, now, false)
  if (!end.complete) return { end, kept: columns.length > 0 }
  const because = `${shape?.file ?? job.source} is not like the reads before it: ${breaches.map((b) => breachSentence(b)).join('; ')}.${columns.length === 0 ? '' : ' What is known from a column that is suddenly empty is kept.'}`
  return { end: { complete: false, count: end.count, code: 'SOURCE_OUT_OF_CONTRACT', because }, contractHash, kept: columns.length > 0 }
}
