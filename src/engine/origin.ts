/** Where a person's value stands in its source: the mapping's expression, the columns that it reads, their cells. */
import { compile, type Read } from '../domain/expression.ts'
import type { Position } from '../domain/person.ts'
import { peopleJobs, type PeopleJob, type Policy } from '../domain/policy.ts'
import type { SourceRow } from '../store/why.ts'
import type { Origin } from './engine.ts'
import { placeOf } from './place.ts'

export interface Origins {
  attribute(name: string): Origin | null
  positionAttribute(positionKey: string, name: string): Origin | null
  /** The whole row that a position comes from. */
  position(positionKey: string): Origin | null
}

export function originsOf(policy: Policy, rows: SourceRow[]): Origins {
  const jobs = new Map(peopleJobs(policy).map((job) => [job.id, job]))
  const rowOf = (positionKey: string): SourceRow | undefined => rows.find((r) => positionKey === keyOf(r) || positionKey.startsWith(`${keyOf(r)}/`))
  const from = (row: SourceRow | undefined, expressionOf: (job: PeopleJob) => string | undefined): Origin | null => {
    const job = row === undefined ? undefined : jobs.get(row.jobId)
    const expression = job === undefined ? undefined : expressionOf(job)
    return row === undefined || job === undefined || expression === undefined ? null : originIn(row, job, expression)
  }
  return {
    attribute(name) {
      // Jobs contribute in the policy's order; the last one that maps the attribute stands.
      for (const job of [...jobs.values()].toReversed()) {
        const row = rows.find((r) => r.jobId === job.id)
        if (row !== undefined && job.mapping[name] !== undefined) return from(row, (j) => j.mapping[name])
      }
      return null
    },
    positionAttribute: (positionKey, name) => from(rowOf(positionKey), (job) => job.position[name]),
    position: (positionKey) => from(rowOf(positionKey), (job) => job.key),
  }
}

function originIn(row: SourceRow, job: PeopleJob, expression: string): Origin {
  const columns = [...new Set(compile(expression, 'row').reads.map((r) => r.name))]
  return {
    job: job.id, source: row.sourceName, row: row.row, expression, policyRevision: row.policyRevision,
    cells: columns.map((column) => {
      const letter = row.shape?.columns.find((c) => c.name === column)?.letter
      const place = row.shape === null ? row.sourceName : placeOf(row.shape)
      return { address: letter === undefined ? `${place}, row ${row.row}` : `${place}!${letter}${row.row}`, column, value: row.cells[column] ?? null }
    }),
  }
}

const keyOf = (row: SourceRow): string => (row.positionKey === '' ? `${row.jobId}/${row.key}` : `${row.jobId}/${row.key}/${row.positionKey}`)

/** The cells behind what an expression reads of a person and one of their positions. */
export function cellsOf(origins: Origins, reads: Read[], position: Position | undefined): Origin[] {
  return reads.flatMap((read) => {
    const origin = read.variable === 'person' ? origins.attribute(read.name) : position === undefined ? null : origins.positionAttribute(position.key, read.name)
    return origin === null ? [] : [origin]
  })
}
