/**
 * Rows of a source through key, scope and mapping of a job, into rows of a snapshot that are ready for the database. Knows of
 * nothing but the rows that it is given, so that several threads can each take some.
 */
import { hash } from 'node:crypto'
import type { ObservedRecord, Page, PartRows, Rejection, SourceShape } from '../connectors/connector.ts'
import { positionKeyOf } from '../domain/compose-person.ts'
import { profiler, type RowCounts } from '../domain/contract.ts'
import { rowMapper, type RowFault, type RowMapper } from '../domain/map-row.ts'
import type { PeopleJob, Settings } from '../domain/policy.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { BinaryRows } from '../store/copy.ts'
import { copiedFields, type RowKeys, type SetAside } from '../store/snapshot.ts'
import { placeOf } from './place.ts'
import { plainTaker } from './plain-rows.ts'
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
  counts: RowCounts
}

export interface RowTaker {
  /** The pages of a source that does not number its rows must all go to the same taker. */
  takePage(page: Page): RowChunk
  takePart(part: PartRows): RowChunk
}

/** Throws EXPRESSION_INVALID. */
export function rowTaker(taking: Taking): RowTaker {
  const { job, shape, now } = taking
  const mapper = rowMapper(job, taking.settings)
  const idEnd = Buffer.from(taking.idEnd, 'hex')
  const columns = columnsOf(shape, mapper)
  const jobJson = JSON.stringify(job.id)
  const rows = new BinaryRows()
  const dates = new PositionDates()
  const prints = new RowPrints(taking.watched)
  let counting = profiler(mapper.columns)
  let marks = new Uint32Array(0)
  let marked = 0
  let aside: SetAside[] = []
  let faulty: RowKeys[] = []
  let counted = 0
  /** Where each column that is read begins among the bounds of a plain row. */
  let slots: number[] = []
  let copied = 0
  const filled = new Float64Array(mapper.columns.length)
  const noTypes = counting.counts().types.slice()
  let takePlain: ReturnType<typeof plainTaker> | undefined

  function take(record: ObservedRecord): void {
    counted += 1
    const row = record.row ?? counted
    counting.add(record.attributes, row)
    const result = mapper.map(record.attributes, now)
    if (result.row === 'faulty') {
      aside.push(fromFault(shape, record, row, result.fault))
      const { key, positionKey } = result.fault
      if (key !== undefined && positionKey !== undefined) faulty.push({ key, positionKey, row })
    }
    if (result.row !== 'usable') return
    const { key, positionKey, mapped } = result
    prints.add(key, positionKey, mapped.attributes)
    rows.row(copiedFields)
    const keyAt = rows.at
    rows.text(key)
    rows.text(positionKey)
    rows.int(row)
    rows.id(row, idEnd)
    rows.text(dates.add(mapped.position))
    rows.text(columns === null ? JSON.stringify(record.attributes) : cellsOf(record.attributes, columns))
    const attributesAt = rows.at
    rows.jsonb(JSON.stringify(mapped.attributes))
    rows.jsonb(`[{"job":${jobJson},"key":${JSON.stringify(positionKeyOf({ job: job.id, key, positionKey }))},${JSON.stringify(mapped.position).slice(1)}]`)
    if (mapped.keep === undefined) rows.null()
    else rows.jsonb(JSON.stringify(mapped.keep))
    mark(row, keyAt, attributesAt)
  }

  /** What a row still lacks is its hash. */
  function mark(row: number, keyAt: number, attributesAt: number): void {
    marks[marked++] = row
    marks[marked++] = keyAt
    marks[marked++] = attributesAt
    marks[marked++] = rows.bytesLater(hashBytes)
  }

  /** A row of a part that may be plain: as it stands, or through the mapping. */
  function takeCells(part: PartRows, place: number): void {
    const row = part.plain[place]!
    const taken = counting.isSampled(row) ? null : takePlain?.(part, place) ?? null
    if (taken === null) {
      take(recordAt(part, place, `${placeOf(shape)}!A${row}`))
      return
    }
    copied += 1
    const at = place * part.columns.length * 2
    for (let i = 0; i < slots.length; i++) if (part.bounds[at + slots[i]!] !== part.bounds[at + slots[i]! + 1]) filled[i]! += 1
    mark(row, taken.key, taken.attributes)
  }

  function begin(most: number, rejected: Rejection[]): void {
    counting = profiler(mapper.columns)
    copied = 0
    filled.fill(0)
    marks = new Uint32Array(most * markLength)
    marked = 0
    aside = rejected.map(fromRejection)
    faulty = []
    prints.begin(most)
  }

  function taken(): RowChunk {
    const bytes = rows.take()
    const own = marks.slice(0, marked)
    fillHashes(bytes, own)
    counting.addCounts({ rows: copied, filled, types: noTypes })
    return { bytes, rows: marked / markLength, marks: own, ...prints.take(), aside, faulty, dates: dates.take(), counts: counting.counts() }
  }

  return {
    takePage(page) {
      begin(page.records.length, page.rejected)
      page.records.forEach(take)
      return taken()
    },
    takePart(part) {
      if (mapper.plainly !== null && columns !== null) {
        takePlain ??= plainTaker({ mapping: mapper.plainly, columns, job: job.id, now, idEnd, rows, dates, prints }, part.columns)
      }
      slots = mapper.columns.map((column) => part.columns.indexOf(column) * 2)
      const { records, rejected } = part.page
      begin(part.plain.length + records.length, rejected)
      let next = 0
      for (let place = 0; place < part.plain.length; place++) {
        while (next < records.length && records[next]!.row! < part.plain[place]!) take(records[next++]!)
        takeCells(part, place)
      }
      while (next < records.length) take(records[next++]!)
      return taken()
    },
  }
}

function recordAt({ bytes, bounds, columns, plain }: PartRows, place: number, name: string): ObservedRecord {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const attributes: Attributes = {}
  for (const [i, column] of columns.entries()) {
    const at = (place * columns.length + i) * 2
    if (bounds[at] !== bounds[at + 1]) attributes[column] = text.toString('utf8', bounds[at], bounds[at + 1])
  }
  const row = plain[place]!
  return { objectType: 'row', id: String(row), name, attributes, row }
}

/** The first half of SHA-256 over what the mapping made of the row only, so that a row which moved is no change. */
function fillHashes(bytes: Buffer, marks: Uint32Array): void {
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
