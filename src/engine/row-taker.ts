/**
 * Rows of a source through key, scope and mapping of a job, into rows of a snapshot that are ready for the database. Knows of
 * nothing but the rows that it is given, so that several threads can each take some.
 */
import { hash } from 'node:crypto'
import type { ObservedRecord, Page, Rejection, SourceShape } from '../connectors/connector.ts'
import { positionKeyOf } from '../domain/compose-person.ts'
import { profiler, type RowProfile } from '../domain/contract.ts'
import { rowMapper, type RowFault, type RowMapper } from '../domain/map-row.ts'
import type { PeopleJob, Settings } from '../domain/policy.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { BinaryRows } from '../store/copy.ts'
import { copiedFields, type RowKeys, type SetAside } from '../store/snapshot.ts'
import { placeOf } from './place.ts'
import { PositionDates } from './position-dates.ts'
import { RowPrints, type Watched } from './row-values.ts'

/** Plain data. */
export interface Taking {
  job: PeopleJob
  settings: Settings
  watched: Watched
  /** Null where the source does not name its columns. */
  shape: SourceShape | null
  now: string
  /** Of the ids of new people, 24 hexadecimal digits; the row comes first, so that they are in order. */
  idEnd: string
}

export const hashBytes = 16
/** Numbers in `marks` for each row. */
export const markLength = 4
const lengthBytes = 4

/** Rows that were taken together; plain data. */
export interface RowChunk {
  /** In the form that COPY takes. */
  bytes: Uint8Array<ArrayBuffer>
  /** Usable rows. */
  rows: number
  /** Of each row: its number, where in `bytes` its key begins, where its attributes, and where its hash. */
  marks: Uint32Array<ArrayBuffer>
  prints: Uint32Array<ArrayBuffer>
  odd: { name: string; value: string }[]
  aside: SetAside[]
  /** Rows that cannot be used, but whose key is known. */
  faulty: RowKeys[]
  /** Dates of positions that had not gone by before. */
  dates: string[]
  profile: RowProfile
}

/** Throws EXPRESSION_INVALID. The pages of a source that does not number its rows must all go to the same taker. */
export function rowTaker(taking: Taking): (page: Page) => RowChunk {
  const { job, shape, now } = taking
  const mapper = rowMapper(job, taking.settings)
  const lastPart = Buffer.from(taking.idEnd, 'hex')
  const columns = columnsOf(shape, mapper)
  const jobJson = JSON.stringify(job.id)
  const rows = new BinaryRows()
  const dates = new PositionDates()
  const prints = new RowPrints(taking.watched)
  let counted = 0

  return (page) => {
    const counting = profiler(mapper.columns)
    const marks: number[] = []
    const aside = page.rejected.map(fromRejection)
    const faulty: RowKeys[] = []

    for (const record of page.records) {
      counted += 1
      const row = record.row ?? counted
      counting.add(record.attributes, row)
      const result = mapper.map(record.attributes, now)
      if (result.row === 'faulty') {
        aside.push(fromFault(shape, record, row, result.fault))
        const { key, positionKey } = result.fault
        if (key !== undefined && positionKey !== undefined) faulty.push({ key, positionKey, row })
      }
      if (result.row !== 'usable') continue
      const { key, positionKey, mapped } = result
      prints.add(key, positionKey, mapped.attributes)

      rows.row(copiedFields)
      marks.push(row, rows.at)
      rows.text(key)
      rows.text(positionKey)
      rows.int(row)
      rows.id(row, lastPart)
      rows.text(dates.add(mapped.position))
      rows.text(columns === null ? JSON.stringify(record.attributes) : cellsOf(record.attributes, columns))
      marks.push(rows.at)
      rows.jsonb(JSON.stringify(mapped.attributes))
      rows.jsonb(`[{"job":${jobJson},"key":${JSON.stringify(positionKeyOf({ job: job.id, key, positionKey }))},${JSON.stringify(mapped.position).slice(1)}]`)
      if (mapped.keep === undefined) rows.null()
      else rows.jsonb(JSON.stringify(mapped.keep))
      marks.push(rows.bytesLater(hashBytes))
    }
    const bytes = rows.take()
    fillHashes(bytes, marks)
    return {
      bytes, rows: marks.length / markLength, marks: new Uint32Array(marks), ...prints.take(), aside, faulty, dates: dates.take(), profile: counting.profile(),
    }
  }
}

/** The first half of SHA-256 over what the mapping made of the row only, so that a row which moved is no change. */
function fillHashes(bytes: Buffer, marks: number[]): void {
  for (let i = 0; i < marks.length; i += markLength) {
    const at = marks[i + 3]!
    bytes.write(hash('sha256', bytes.subarray(marks[i + 2]!, at - lengthBytes)), at, hashBytes, 'hex')
  }
}

/** The key of the row at a place of a chunk. */
export function keyAt({ bytes, marks }: RowChunk, place: number): string {
  return fieldAt(bytes, marks[place * markLength + 1]!)
}

export function attributesAt({ bytes, marks }: RowChunk, place: number): Attributes {
  // Behind the version of jsonb.
  return JSON.parse(fieldAt(bytes, marks[place * markLength + 2]!).slice(1)) as Attributes
}

function fieldAt(bytes: Uint8Array<ArrayBuffer>, at: number): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('utf8', at + lengthBytes, at + lengthBytes + buffer.readInt32BE(at))
}

/** Where the source names its columns, cells are stored without their names. */
export const columnsOf = (shape: SourceShape | null, mapper: RowMapper): string[] | null => (shape === null ? null : mapper.columns)

function cellsOf(attributes: Attributes, columns: string[]): string {
  const cells: (Value | null)[] = []
  for (const name of columns) cells.push(attributes[name] ?? null)
  return JSON.stringify(cells)
}

function fromRejection(r: Rejection): SetAside {
  return { key: null, row: r.row, address: r.address, column: r.column ?? null, value: r.value ?? null, code: r.code, expected: r.expected }
}

function fromFault(shape: SourceShape | null, record: ObservedRecord, row: number, fault: RowFault): SetAside {
  const letter = shape?.columns.find((c) => c.name === fault.column)?.letter
  const address = letter === undefined ? record.name : `${placeOf(shape, record.name)}!${letter}${row}`
  return { key: fault.key ?? null, row, address, column: fault.column ?? null, value: fault.value ?? null, code: fault.code, expected: fault.expected }
}
