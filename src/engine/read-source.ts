/**
 * Reads a source for one job to people: rows through key, scope and mapping into a snapshot, in constant memory.
 * A row that cannot be used is set aside with its cell; the good ones go on. Only a read that came to its end is complete.
 */
import path from 'node:path'
import type { ObservedRecord, Page, Reader, ReadEnd, Rejection, SourceShape } from '../connectors/connector.ts'
import type { ErrorCode } from '../domain/errors.ts'
import { UsherError } from '../domain/errors.ts'
import { positionKeyOf } from '../domain/compose-person.ts'
import { profiler } from '../domain/contract.ts'
import { rowMapper, type RowFault, type RowMapper } from '../domain/map-row.ts'
import type { PeopleJob } from '../domain/policy.ts'
import {
  attachRecords, copiedFields, copyRecords, endSnapshot, insertSetAside, insertSnapshot, takeDuplicates,
  type NewSnapshot, type RowKeys, type SetAside,
} from '../store/snapshot.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { BinaryRows } from '../store/copy.ts'
import type { Stretch } from '../store/people-bulk.ts'
import { transaction } from '../store/database.ts'
import { openReader, systemOf, type Context, type Revision } from './context.ts'
import { KeyFilter } from './key-filter.ts'
import { PositionDates } from './position-dates.ts'
import { hashBytes, withHashes, type RowChunk } from './row-hashes.ts'
import { RowValues, type Suspects } from './row-values.ts'
import { judgeRead } from './source-contract.ts'
import { Stretches } from './stretches.ts'

export interface SnapshotResult {
  snapshotId: string
  jobId: string
  systemId: string
  complete: boolean
  code?: ErrorCode
  because?: string
  /** Usable rows. */
  rows: number
  /** Rows that were set aside; at most `setAsideMax` of them are listed. */
  setAside: number
  /** Rows set aside whose key could not be read, so that nobody knows whose they are. */
  setAsideUnknown: number
  /** Of what was read; null where it has to be asked of the rows. */
  stretches: Stretch[] | null
  dates: string[] | null
  /** Values that several rows may share. */
  suspects: Suspects
  /** Attributes whose references all lead to a row of the same read. */
  settled: string[]
  /** The source showed that this is all of it: a trailer, a container that ends. */
  proven?: boolean
  /** Of the ways in which the read is out of contract; who releases it says that it is right. */
  contractHash?: string
}

export const setAsideMax = 10_000
const suspectsMax = 5_000

export async function readSource(context: Context, revision: Revision, job: PeopleJob, signal: AbortSignal): Promise<SnapshotResult> {
  const snapshot: NewSnapshot = { id: context.newId(), jobId: job.id, systemId: job.source, revision: revision.revision, readAt: context.now() }
  const mapper = rowMapper(job, revision.policy.settings)
  const reader = openReader(context, systemOf(revision.policy, job.source))
  await insertSnapshot(context.pool, snapshot)
  const newTake = (): Take => emptyTake(new RowValues(job, revision.policy))
  const taken = { ...newTake(), shape: null as SourceShape | null }
  let end: ReadEnd
  let contractHash: string | undefined
  try {
    taken.shape = (await reader.inspect?.(signal)) ?? null
    assertColumns(job, mapper, taken.shape)
    end = await transaction(context.pool, async (client) => {
      const counting = profiler(mapper.columns)
      const end = await copyRows({ context, reader, mapper, snapshot, taken, signal, counting }, (rows) => copyRecords(client, snapshot.id, rows))
      const duplicates = await setDuplicatesAside(client, mapper, snapshot, taken)
      await insertSetAside(client, snapshot, taken.aside)
      const judged = await judgeRead(client, { job, mapper, snapshot, shape: taken.shape, counted: { ...counting.profile(), duplicates }, end })
      contractHash = judged.contractHash
      if (judged.kept) taken.thinned = true
      await attachRecords(client, snapshot.id)
      return judged.end
    })
  } catch (error) {
    if (!(error instanceof UsherError) || !isOfTheSource(error.code)) throw error
    // Nothing was kept of what may have been read by then.
    Object.assign(taken, newTake())
    await transaction(context.pool, async (client) => {
      await copyRecords(client, snapshot.id, [new BinaryRows().take(true)!])
      await attachRecords(client, snapshot.id)
    })
    end = { complete: false, count: 0, code: error.code, because: error.message }
  } finally {
    await reader.close()
  }
  return { ...await close(context, mapper, snapshot, taken, end), ...(contractHash === undefined ? {} : { contractHash }) }
}

/** Errors that say something of the source; others are mistakes in the policy or in Usher. */
function isOfTheSource(code: ErrorCode): boolean {
  return code.startsWith('SOURCE_') || code.startsWith('SYSTEM_') || code === 'SECRET_MISSING'
}

interface Take {
  rows: number
  setAside: number
  setAsideUnknown: number
  aside: SetAside[]
  suspects: Set<string>
  /** Of rows that cannot be used, at most `setAsideMax`. */
  faulty: RowKeys[]
  stretches: Stretches
  dates: PositionDates
  values: RowValues
  /** Rows were taken out again, so the stretches are not those of what is left. */
  thinned: boolean
}

const emptyTake = (values: RowValues): Take => (
  { rows: 0, setAside: 0, setAsideUnknown: 0, aside: [], suspects: new Set(), faulty: [], stretches: new Stretches(), dates: new PositionDates(), values, thinned: false })

interface Reading {
  context: Context
  reader: Reader
  mapper: RowMapper
  snapshot: NewSnapshot
  taken: Take & { shape: SourceShape | null }
  signal: AbortSignal
  counting: ReturnType<typeof profiler>
}

function assertColumns(job: PeopleJob, mapper: RowMapper, shape: SourceShape | null): void {
  if (shape === null) return
  const there = shape.columns.map((c) => c.name)
  const missing = mapper.columns.filter((name) => !there.includes(name))
  if (missing.length === 0) return
  const names = (list: string[]): string => list.map((name) => `"${name}"`).join(', ')
  throw new UsherError('SOURCE_COLUMN_MISSING',
    `${shape.file} has no column ${names(missing)}, which job "${job.name}" reads. There are: ${names(there)}.`, { missing, columns: there })
}

/** Streams the source's pages to `copy`; returns how the read ended. */
async function copyRows(reading: Reading, copy: (rows: AsyncIterable<Buffer>) => Promise<void>): Promise<ReadEnd> {
  let end: ReadEnd | undefined
  await copy(rows())
  return end!

  async function* rows(): AsyncGenerator<Buffer> {
    for await (const chunk of withHashes(chunks())) {
      reading.taken.stretches.add(chunk)
      yield chunk.bytes
    }
  }

  async function* chunks(): AsyncGenerator<RowChunk> {
    const { reader, mapper, taken, signal } = reading
    const pages = reader.read({ objectTypes: [], ...(taken.shape === null ? {} : { attributes: { row: mapper.columns } }) }, signal)
    const rows = new BinaryRows()
    const marks: number[] = []
    const take = rowTaker(reading, rows, marks)
    for (;;) {
      const next = await pages.next()
      if (next.done) {
        end = next.value
        break
      }
      for (const rejection of next.value.rejected) setAside(taken, fromRejection(rejection))
      for (const record of next.value.records) {
        take(record)
        const bytes = rows.take()
        if (bytes !== null) yield { bytes, marks: Uint32Array.from(marks.splice(0)) }
      }
    }
    yield { bytes: rows.take(true)!, marks: Uint32Array.from(marks) }
  }
}

/** One record into a row of the snapshot, of which `marks` remembers where its hash goes. */
function rowTaker({ context, mapper, snapshot, taken, counting }: Reading, rows: BinaryRows, marks: number[]): (record: ObservedRecord) => void {
  const now = context.now()
  // Of the ids of new people; the row comes first, so that they are in order.
  const lastPart = Buffer.from(context.newId().replaceAll('-', '').slice(8), 'hex')
  const filter = new KeyFilter()
  const columns = columnsOf(taken.shape, mapper)
  const job = JSON.stringify(snapshot.jobId)
  const suspect = (key: string, positionKey: string): void => {
    if (filter.seen(positionKey === '' ? key : `${key}\u0000${positionKey}`)) taken.suspects.add(key)
  }

  return (record) => {
    counting.add(record.attributes)
    const result = mapper.map(record.attributes, now)
    const row = record.row ?? taken.rows + taken.setAside + 1
    if (result.row === 'faulty') {
      setAside(taken, fromFault(taken, record, row, result.fault))
      const { key, positionKey } = result.fault
      if (key !== undefined && positionKey !== undefined) {
        suspect(key, positionKey)
        if (taken.faulty.length < setAsideMax) taken.faulty.push({ key, positionKey, row })
      }
    }
    if (result.row !== 'usable') return
    taken.rows += 1
    const { key, positionKey, mapped } = result
    suspect(key, positionKey)
    taken.values.add(mapped.attributes)

    rows.row(copiedFields)
    rows.text(key)
    rows.text(positionKey)
    rows.int(row)
    rows.id(row, lastPart)
    rows.text(taken.dates.add(mapped.position))
    rows.text(columns === null ? JSON.stringify(record.attributes) : cellsOf(record.attributes, columns))
    // Over what the mapping made of the row only, so that a row which moved is no change.
    const hashed = rows.at
    rows.jsonb(JSON.stringify(mapped.attributes))
    rows.jsonb(`[{"job":${job},"key":${JSON.stringify(positionKeyOf({ job: snapshot.jobId, key, positionKey }))},${JSON.stringify(mapped.position).slice(1)}]`)
    if (mapped.keep === undefined) rows.null()
    else rows.jsonb(JSON.stringify(mapped.keep))
    marks.push(row, hashed, rows.bytesLater(hashBytes))
  }
}

function cellsOf(attributes: Attributes, columns: string[]): string {
  const cells: (Value | null)[] = []
  for (const name of columns) cells.push(attributes[name] ?? null)
  return JSON.stringify(cells)
}

/** Where the source names its columns, cells are stored without their names. */
const columnsOf = (shape: SourceShape | null, mapper: RowMapper): string[] | null => (shape === null ? null : mapper.columns)

function setAside(taken: Take, row: SetAside): void {
  taken.setAside += 1
  if (row.key === null) taken.setAsideUnknown += 1
  if (taken.aside.length < setAsideMax) taken.aside.push(row)
}

function fromRejection(r: Rejection): SetAside {
  return { key: null, row: r.row, address: r.address, column: r.column ?? null, value: r.value ?? null, code: r.code, expected: r.expected }
}

function fromFault(taken: Take & { shape: SourceShape | null }, record: ObservedRecord, row: number, fault: RowFault): SetAside {
  const letter = taken.shape?.columns.find((c) => c.name === fault.column)?.letter
  const address = letter === undefined ? record.name : `${placeOf(taken.shape, record.name)}!${letter}${row}`
  return { key: fault.key ?? null, row, address, column: fault.column ?? null, value: fault.value ?? null, code: fault.code, expected: fault.expected }
}

/** What stands before the `!` of a cell's address: the sheet, or the file where there are no sheets. */
export function placeOf(shape: SourceShape | null, name = ''): string {
  if (shape === null) return name
  return shape.sheet ?? path.basename(shape.file)
}

/** Rows whose key another row has, too, be that one usable or not: nobody knows whose the key is. */
async function setDuplicatesAside(
  client: Parameters<typeof takeDuplicates>[0], mapper: RowMapper, snapshot: NewSnapshot, taken: Take & { shape: SourceShape | null },
): Promise<number> {
  if (taken.suspects.size === 0) return 0
  const suspects = taken.suspects.size > suspectsMax ? null : [...taken.suspects]
  const faulty = taken.faulty.filter(({ key }) => taken.suspects.has(key))
  const place = placeOf(taken.shape, 'row')
  const letter = taken.shape?.columns.find((c) => c.name === mapper.keyColumn)?.letter ?? 'A'
  taken.thinned = true
  const duplicates = await takeDuplicates(client, snapshot.id, suspects, faulty)
  for (const { key, row, others } of duplicates) {
    taken.rows -= 1
    const where = others.slice(0, 10).map((other) => `${place}!${letter}${other}`).join(', ')
    setAside(taken, {
      key, row, address: `${place}!${letter}${row}`, column: mapper.keyColumn ?? null, value: key, code: 'ROW_KEY_DUPLICATE',
      expected: `a key of its own; ${where} has the same`,
    })
  }
  return duplicates.length
}

async function close(context: Context, mapper: RowMapper, snapshot: NewSnapshot, taken: Take & { shape: SourceShape | null }, end: ReadEnd): Promise<SnapshotResult> {
  const failed = end.complete ? null : end
  await endSnapshot(context.pool, snapshot.id, {
    state: end.complete ? 'complete' : 'incomplete', shape: taken.shape, rows: taken.rows, setAside: taken.setAside,
    digest: end.complete ? end.digest ?? null : null, code: failed?.code ?? null, because: failed?.because ?? null,
    columns: columnsOf(taken.shape, mapper),
  })
  return {
    snapshotId: snapshot.id, jobId: snapshot.jobId, systemId: snapshot.systemId, complete: end.complete,
    rows: taken.rows, setAside: taken.setAside, setAsideUnknown: taken.setAsideUnknown,
    stretches: taken.thinned ? null : taken.stretches.list(), dates: taken.dates.list(),
    suspects: taken.values.suspects(), settled: taken.thinned ? [] : taken.values.settled(),
    ...(failed === null ? {} : { code: failed.code, because: failed.because }),
    ...(end.complete && end.proven === true ? { proven: true } : {}),
  }
}
