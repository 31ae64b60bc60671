import type {
  Capabilities, Check, ConnectorDefinition, Page, Part, Reader, ReadEnd, ReadScope, SourceShape,
} from '../connector.ts'
import { UsherError } from '../../domain/errors.ts'
import type { Attributes } from '../../domain/value.ts'
import { type EncodingOf, encodingOnce, openCsv } from './csv-reader.ts'
import { pageOf } from './csv-part.ts'
import { type FileConfig, fileConfigSchema } from './file-config.ts'
import type { RowSource } from './rows.ts'
import { assertUnchanged, chunksOf, digesting, formatOf, openFile, type SourceFile } from './source-file.ts'
import { openTable, readTable, type Table } from './table.ts'
import { openXlsx } from './xlsx-reader.ts'

/** CSV, TSV and Excel files as a source of rows. */
export const fileConnector: ConnectorDefinition<FileConfig> = {
  kind: 'file',
  title: 'CSV or Excel file',
  configSchema: fileConfigSchema,
  describe: () => capabilities,
  openReader,
}

const capabilities: Capabilities = {
  source: true,
  destination: false,
  // The columns are the file's own; `inspect` tells them.
  objectTypes: [{ name: 'row', title: 'Row', kind: 'account', attributes: [], operations: [] }],
  limits: { parallel: 1, settleMs: 0 },
  canEndSessions: false,
  canReadPassword: false,
}

const sampleRows = 5

function openReader(config: FileConfig): Reader {
  const encodingOf = encodingOnce()
  return {
    check: (signal) => check(config, encodingOf, signal),
    inspect: (signal) => inspect(config, encodingOf, signal),
    read: (scope, signal) => pagesOf(readParts(config, scope, encodingOf, signal)),
    readParts: (scope, signal) => readParts(config, scope, encodingOf, signal),
    close: async () => {},
  }
}

async function check(config: FileConfig, encodingOf: EncodingOf, signal: AbortSignal): Promise<Check> {
  const steps: Check['steps'] = []
  const step = async (name: string, action: () => Promise<unknown>): Promise<boolean> => {
    try {
      await action()
      steps.push({ name, ok: true })
      return true
    } catch (error) {
      if (!(error instanceof UsherError)) throw error
      steps.push({ name, ok: false, code: error.code, message: error.message })
      return false
    }
  }
  const found = await step('Find the file', async () => (await openFile(config.path)).handle.close())
  const ok = found && (await step('Read the header', async () => (await openSource(config, encodingOf, signal)).close()))
  return { ok, steps }
}

async function inspect(config: FileConfig, encodingOf: EncodingOf, signal: AbortSignal): Promise<SourceShape> {
  const opened = await openSource(config, encodingOf, signal)
  try {
    const { headerRow, columns, source } = opened.table
    const first = await pagesOf(readTable(opened.table, {})).next()
    const sample = first.done ? [] : first.value.records.slice(0, sampleRows).map((record) => record.attributes)
    const { sheet, isSheetGuessed, sheets, encoding, delimiter } = source
    const modifiedAt = new Date(Number(opened.file.before.mtimeNs / 1_000_000n)).toISOString()
    return { file: opened.file.name, sheet, ...(isSheetGuessed && { isSheetGuessed }), sheets, encoding, delimiter, modifiedAt, headerRow, columns, sample }
  } finally {
    await opened.close()
  }
}

async function* pagesOf<End>(parts: AsyncGenerator<Page | Part, End>): AsyncGenerator<Page, End> {
  try {
    for (;;) {
      const next = await parts.next()
      if (next.done) return next.value
      yield 'records' in next.value ? next.value : pageOf(next.value)
    }
  } finally {
    // Who has seen enough lets go of the file.
    await parts.return(undefined as never)
  }
}

async function* readParts(
  config: FileConfig, scope: ReadScope, encodingOf: EncodingOf, signal: AbortSignal,
): AsyncGenerator<Page | Part, ReadEnd> {
  if (scope.objectTypes.length > 0 && !scope.objectTypes.includes('row')) return { complete: true, count: 0 }
  let count = 0
  let opened: Opened | undefined
  try {
    opened = await openSource(config, encodingOf, signal)
    for await (const page of readTable(opened.table, config.completeness, scope.attributes?.['row'])) {
      count += 'records' in page ? page.records.length + page.rejected.length : page.rows
      yield page
      signal.throwIfAborted()
    }
    const digest = await opened.digest()
    await assertUnchanged(opened.file)
    assertRows(config, count)
    // A workbook that is cut off cannot be opened at all: what it consists of is told at its end.
    const proven = config.completeness?.trailer !== undefined || opened.table.source.sheet !== undefined
    const { statedAt } = opened.table
    return { complete: true, count, digest, proven, ...(statedAt === undefined ? {} : { statedAt }) }
  } catch (error) {
    if (error instanceof UsherError) return { complete: false, count, code: error.code, because: error.message }
    if (!signal.aborted) throw error
    return { complete: false, count, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' }
  } finally {
    await opened?.close()
  }
}

interface Opened {
  file: SourceFile
  table: Table
  /** SHA-256 of the file, in hex. Only once all rows have been read. */
  digest(): Promise<string>
  close(): Promise<void>
}

async function openSource(config: FileConfig, encodingOf: EncodingOf, signal: AbortSignal): Promise<Opened> {
  const file = await openFile(config.path)
  let source: RowSource | undefined
  const close = async (): Promise<void> => {
    await source?.rows.return()
    await source?.close?.()
    await file.handle.close()
  }
  try {
    const { chunks, digest } = digesting(chunksOf(file, signal))
    const format = await formatOf(file, config)
    source = format === 'xlsx'
      ? await openXlsx(file, config.sheet)
      : await openCsv(file, chunks, config, format === 'tsv', encodingOf, signal)
    // A workbook is read in pieces here and there, so its bytes go past once more. Of a CSV file none are left.
    return { file, table: await openTable(source, config.headerRow), close, digest: () => drained(chunks).then(digest) }
  } catch (error) {
    await close()
    throw error
  }
}

async function drained(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks) continue
}

function assertRows(config: FileConfig, count: number): void {
  const least = config.completeness?.minRows ?? 0
  if (count >= least) return
  const message = `${config.path} has ${count} rows; at least ${least} are expected.`
  throw new UsherError('SOURCE_SHORT', message, { count, least })
}
