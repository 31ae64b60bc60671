/** Rows with a header over them: records for the engine, and the rows that are set aside. */
import type { Page, Part } from '../connector.ts'
import { UsherError } from '../../domain/errors.ts'
import { type Lines, rowsOfLines } from './csv-lines.ts'
import { type About, partOf } from './csv-part.ts'
import type { Completeness } from './file-config.ts'
import { type Column, columnsOf, findHeader, headRows, moreColumns } from './header.ts'
import { chosen, problemOf, recordOf, type RowTable } from './records.ts'
import { isEmpty, type RawRow, type RowSource } from './rows.ts'
import { readTrailer } from './trailer.ts'

/** Few enough that a page is done with before the collector of young objects comes by and has to carry it along. */
const pageRows = 500

export interface Table {
  source: RowSource
  headerRow: number
  columns: Column[]
  /** The rows below the header. */
  rows: AsyncGenerator<RawRow[] | Lines, void>
  /** When the file was made, as its last row says; known once that was read. */
  statedAt?: string | undefined
}

/** Reads as far as the header. */
export async function openTable(source: RowSource, headerRow?: number): Promise<Table> {
  const head: RawRow[] = []
  let finding: unknown
  try {
    while ((head.at(-1)?.row ?? 0) < (headerRow ?? 0) || head.length < headRows) {
      const next = await source.rows.next()
      if (next.done) break
      for (const row of isRows(next.value) ? next.value : rowsOfLines(next.value)) head.push(row)
    }
  } catch (error) {
    // The rows that came first are good; what comes next ends with the finding.
    finding = error
  }
  const header = headerRow === undefined
    ? findHeader(head.slice(0, headRows))
    : head.find((r) => r.row === headerRow && r.cells.some((c) => !isEmpty(c)))
  if (header === undefined && finding !== undefined) throw finding
  if (header === undefined) throw noHeader(source, headerRow)
  const rows = below(header, head, source.rows, finding)
  return { source, headerRow: header.row, columns: columnsOf(trimmedEnd(header.cells, source.fixedWidth)), rows }
}

/**
 * Pages of records, and parts that make pages, at least one row among them; returns how many rows there were, with those set aside.
 * `wanted`: names of the columns to read; all unless given. A finding is thrown after the rows that are good.
 */
export async function* readTable(
  table: Table, completeness: Completeness = {}, wanted?: string[],
): AsyncGenerator<Page | Part, number> {
  const { source } = table
  const missing = wanted?.filter((name) => !table.columns.some((c) => c.name === name)) ?? []
  if (missing.length > 0) throw columnMissing(table, missing)
  let columns = chosen(table.columns, wanted)
  let width = table.columns.length
  let page = emptyPage()
  let count = 0
  let last: RawRow | undefined
  const { trailer, finalLineEnd } = completeness
  const rowTable: RowTable = { label: source.label, fixedWidth: source.fixedWidth, columns: table.columns }
  let about: About | undefined

  const take = (row: RawRow): void => {
    count++
    const problem = problemOf(row, rowTable, columns, finalLineEnd === 'optional')
    if (problem !== undefined) page.rejected.push(problem)
    else page.records.push(recordOf(row, columns, source.label))
  }

  let finding: unknown
  let isMark = false
  try {
    for await (const batch of endingInRows(table.rows)) {
      if (!isRows(batch)) {
        if (trailer !== undefined && last !== undefined) take(last)
        last = undefined
        if (page.records.length + page.rejected.length > 0) yield page
        page = emptyPage()
        about ??= { encoding: batch.encoding, dialect: batch.dialect, table: rowTable, wanted: columns }
        const part = partOf(batch, about)
        count += part.rows
        yield part
        continue
      }
      for (const row of batch) {
        if (row.faults === undefined && isBlank(row) && (!row.unended || finalLineEnd === 'optional')) continue
        if (!source.fixedWidth && row.cells.length > width) {
          const more = moreColumns(table.columns, row.cells.length)
          width = more.length
          columns = chosen(more, wanted)
        }
        // A trailer is known by being the last row, so with one each row waits for the next.
        const ready = trailer === undefined ? row : last
        last = row
        if (ready !== undefined) take(ready)
        if (page.records.length + page.rejected.length < pageRows) continue
        yield page
        page = emptyPage()
      }
    }
    if (trailer === undefined) finding = unendedFinding(last, table, columns, finalLineEnd === 'optional')
    else ({ finding, isMark, statedAt: table.statedAt } = readTrailer(trailer, last, count, table))
  } catch (error) {
    finding = error
  }
  if (finding !== undefined && trailer !== undefined && last !== undefined && !isMark) take(last)
  if (page.records.length + page.rejected.length > 0) yield page
  if (finding !== undefined) throw finding
  if (count > 0) return count
  throw new UsherError('SOURCE_EMPTY', `${source.label} has a header in row ${table.headerRow} and no rows below it.`)
}

async function* below(
  header: RawRow, head: RawRow[], rest: RowSource['rows'], finding: unknown,
): RowSource['rows'] {
  yield head.slice(head.indexOf(header) + 1)
  if (finding !== undefined) throw finding
  yield* rest
}

/** The same, but lines that no row follows come as rows: the last of them may be a trailer. */
async function* endingInRows(batches: RowSource['rows']): RowSource['rows'] {
  let held: Lines | undefined
  try {
    for await (const batch of batches) {
      if (isRows(batch) && batch.every((row) => row.faults === undefined && !row.unended && isBlank(row))) continue
      if (held !== undefined) yield held
      held = undefined
      if (isRows(batch)) yield batch
      else held = batch
    }
  } catch (error) {
    if (held !== undefined) yield rowsOfLines(held)
    throw error
  }
  if (held !== undefined) yield rowsOfLines(held)
}

/** The last line of a file without a line end: perhaps all of it, perhaps not. */
function unendedFinding(last: RawRow | undefined, table: Table, columns: Column[], endOptional: boolean): UsherError | undefined {
  if (!last?.unended) return undefined
  const { label } = table.source
  if (endOptional) {
    if (problemOf(last, { label, fixedWidth: table.source.fixedWidth, columns: table.columns }, columns, true) === undefined) return undefined
    const message = `${label} ends in the middle of row ${last.row}. Transfer the file again.`
    return new UsherError('SOURCE_TRUNCATED', message, { row: last.row })
  }
  return new UsherError(
    'SOURCE_TRUNCATED',
    `${label} ends in row ${last.row} without a line end, so it may have been cut there; this row waits. ` +
      'Transfer the file again. If the export never writes a line end after its last row, set ' +
      '`completeness: { finalLineEnd: optional }` in the config of this system; the row is then taken as it is.',
    { row: last.row },
  )
}

function columnMissing({ source, headerRow, columns }: Table, missing: string[]): UsherError {
  const names = missing.map((name) => `"${name}"`).join(', ')
  const message = `${source.label} has no column ${names} in its header (row ${headerRow}). ` +
    `Its columns are: ${columns.slice(0, 50).map((c) => c.name).join(', ')}.`
  return new UsherError('SOURCE_COLUMN_MISSING', message, { missing, headerRow })
}

function noHeader(source: RowSource, headerRow?: number): UsherError {
  const message = headerRow === undefined
    ? 'has no rows that hold anything'
    : `has nothing in row ${headerRow}, where its header should be`
  return new UsherError('SOURCE_EMPTY', `${source.label} ${message}.`, { headerRow })
}

/** A sheet's header may be followed by cells that are merely formatted; in a CSV file they count. */
function trimmedEnd(cells: RawRow['cells'], fixedWidth: boolean): RawRow['cells'] {
  return fixedWidth ? cells : cells.slice(0, cells.findLastIndex((cell) => !isEmpty(cell)) + 1)
}

function isRows(batch: RawRow[] | Lines): batch is RawRow[] {
  return Array.isArray(batch)
}

function isBlank(row: RawRow): boolean {
  return row.cells.every(isEmpty)
}

function emptyPage(): Page {
  return { records: [], memberships: [], rejected: [] }
}
