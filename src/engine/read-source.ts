/**
 * Reads a source for one job to people: rows through key, scope and mapping into a snapshot, in constant memory.
 * A row that cannot be used is set aside with its cell; the good ones go on. Only a read that came to its end is complete.
 */
import type { Page, Part, ReadEnd, SourceShape } from '../connectors/connector.ts'
import { profiler, type Profiler } from '../domain/contract.ts'
import type { ErrorCode } from '../domain/errors.ts'
import { UsherError } from '../domain/errors.ts'
import { rowMapper, type RowMapper } from '../domain/map-row.ts'
import type { PeopleJob } from '../domain/policy.ts'
import {
  attachRecords, copyRecords, endSnapshot, insertSetAside, insertSnapshot, lastSheet, takeDuplicates, type Duplicate, type NewSnapshot, type RowKeys, type SetAside,
} from '../store/snapshot.ts'
import type { Stretch } from '../store/people-bulk.ts'
import { transaction } from '../store/database.ts'
import { openReader, systemOf, type Context, type Revision } from './context.ts'
import { placeOf } from './place.ts'
import { differentMax } from './position-dates.ts'
import { attributesAt, columnsOf, keyAt, type RowChunk, type Taking } from './row-taker.ts'
import { takeRows } from './row-threads.ts'
import { RowValues, watched, type Suspects, type Watched } from './row-values.ts'
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
  /** Rows set aside whose key could not be read, or is another one's, so that nobody knows whose they are. */
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
  const asked = watched(job, revision.policy)
  const reader = openReader(context, systemOf(revision.policy, job.source))
  await insertSnapshot(context.pool, snapshot)
  const taken = { ...emptyTake(asked, mapper.columns), shape: null as SourceShape | null }
  let end: ReadEnd
  let contractHash: string | undefined
  try {
    taken.shape = (await reader.inspect?.(signal)) ?? null
    assertColumns(job, mapper, taken.shape)
    await assertSheet(context, job, taken.shape)
    const scope = { objectTypes: [], ...(taken.shape === null ? {} : { attributes: { row: mapper.columns } }) }
    const source = reader.readParts?.(scope, signal) ?? reader.read(scope, signal)
    const idEnd = context.newId().replaceAll('-', '').slice(8)
    const taking = { job, settings: revision.policy.settings, watched: asked, shape: taken.shape, now: context.now(), idEnd }
    end = await transaction(context.pool, async (client) => {
      const end = await copyRows(source, taking, taken, (rows) => copyRecords(client, snapshot.id, rows))
      const duplicates = await setDuplicatesAside(client, mapper, snapshot, taken)
      await insertSetAside(client, snapshot, taken.aside)
      const judged = await judgeRead(client, { job, mapper, snapshot, shape: taken.shape, counted: { ...taken.counting.profile(), duplicates }, end })
      contractHash = judged.contractHash
      if (judged.kept) taken.thinned = true
      await attachRecords(client, snapshot.id)
      return judged.end
    })
  } catch (error) {
    if (!(error instanceof UsherError) || !isOfTheSource(error.code)) throw error
    // Nothing was kept of what may have been read by then.
    Object.assign(taken, emptyTake(asked, mapper.columns))
    await transaction(context.pool, async (client) => {
      await copyRecords(client, snapshot.id, [])
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
  /** Of rows that cannot be used, at most `setAsideMax`. */
  faulty: RowKeys[]
  stretches: Stretches
  /** Null: too many to be remembered. */
  dates: Set<string> | null
  values: RowValues
  counting: Profiler
  /** Rows were taken out again, so the stretches are not those of what is left. */
  thinned: boolean
}

const emptyTake = (asked: Watched, columns: string[]): Take => ({
  rows: 0, setAside: 0, setAsideUnknown: 0, aside: [], faulty: [], stretches: new Stretches(), dates: new Set(), values: new RowValues(asked),
  counting: profiler(columns), thinned: false,
})

function assertColumns(job: PeopleJob, mapper: RowMapper, shape: SourceShape | null): void {
  if (shape === null) return
  const there = shape.columns.map((c) => c.name)
  const missing = mapper.columns.filter((name) => !there.includes(name))
  if (missing.length === 0) return
  const names = (list: string[]): string => list.map((name) => `"${name}"`).join(', ')
  throw new UsherError('SOURCE_COLUMN_MISSING',
    `${shape.file} has no column ${names(missing)}, which job "${job.name}" reads. There are: ${names(there)}.`, { missing, columns: there })
}

/** A sheet that was found by its looks is the same one as before, as long as that is there: a list of leavers may outgrow that of the staff. */
async function assertSheet(context: Context, job: PeopleJob, shape: SourceShape | null): Promise<void> {
  if (shape?.isSheetGuessed !== true) return
  const before = await lastSheet(context.pool, job.id)
  if (before === null || before === shape.sheet || !shape.sheets!.includes(before)) return
  throw new UsherError('SOURCE_OUT_OF_CONTRACT',
    `Of the sheets of ${shape.file}, "${shape.sheet}" looks most like a table now, and "${before}" was read before. Set \`sheet\` in the config of system ${job.source} to the one that is meant.`,
    { before, now: shape.sheet })
}

/** Streams the source's rows to `copy`; returns how the read ended. */
async function copyRows(
  source: AsyncGenerator<Page | Part, ReadEnd>, taking: Taking, taken: Take, copy: (rows: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<ReadEnd> {
  let end: ReadEnd | undefined
  await copy(rows())
  return end!

  async function* rows(): AsyncGenerator<Uint8Array> {
    const chunks = takeRows(source, taking)
    try {
      for (;;) {
        const next = await chunks.next()
        if (next.done) {
          end = next.value
          return
        }
        gather(taken, next.value)
        yield next.value.bytes
      }
    } finally {
      await chunks.return(undefined as never)
    }
  }
}

function gather(taken: Take, chunk: RowChunk): void {
  taken.rows += chunk.rows
  taken.stretches.add(chunk)
  taken.values.add({ ...chunk, keyAt: (place) => keyAt(chunk, place), attributesAt: (place) => attributesAt(chunk, place) })
  taken.counting.addCounts(chunk.counts)
  for (const row of chunk.aside) setAside(taken, row)
  for (const row of chunk.faulty) {
    taken.values.addKey(row.key, row.positionKey)
    if (taken.faulty.length < setAsideMax) taken.faulty.push(row)
  }
  for (const dates of chunk.dates) taken.dates?.add(dates)
  if (taken.dates !== null && taken.dates.size >= differentMax) taken.dates = null
}

function setAside(taken: Take, row: SetAside): void {
  taken.setAside += 1
  if (row.key === null) taken.setAsideUnknown += 1
  if (taken.aside.length < setAsideMax) taken.aside.push(row)
}

/** Rows whose key another row has, too, be that one usable or not: nobody knows whose the key is. */
async function setDuplicatesAside(
  client: Parameters<typeof takeDuplicates>[0], mapper: RowMapper, snapshot: NewSnapshot, taken: Take & { shape: SourceShape | null },
): Promise<number> {
  const shared = taken.values.sharedKeys()
  if (shared.size === 0) return 0
  const suspects = shared.size > suspectsMax ? null : [...shared]
  const faulty = taken.faulty.filter(({ key }) => shared.has(key))
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
  taken.setAsideUnknown += strangersAmong(duplicates)
  return duplicates.length
}

/** Of rows with one key that say different things, all but one are of somebody else. Those that say the same are one row, written twice. */
function strangersAmong(duplicates: Duplicate[]): number {
  const groups = [...Map.groupBy(duplicates, ({ row, others }) => Math.min(row, ...others)).values()]
  return groups.reduce((sum, group) => {
    const faulty = group[0]!.others.length + 1 - group.length
    return sum + new Set(group.map((d) => d.hash)).size + faulty - 1
  }, 0)
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
    stretches: taken.thinned ? null : taken.stretches.list(), dates: taken.dates === null ? null : [...taken.dates],
    suspects: taken.values.suspects(), settled: taken.thinned ? [] : taken.values.settled(),
    ...(failed === null ? {} : { code: failed.code, because: failed.because }),
    ...(end.complete && end.proven === true ? { proven: true } : {}),
  }
}
