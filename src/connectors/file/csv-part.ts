/** Plain lines of a file as a part of it, and what any thread makes of one. */
import type { Page, Part, PartRows } from '../connector.ts'
import { plainCells } from './csv-cells.ts'
import { asUtf8, type Lines, rowsOfLines } from './csv-lines.ts'
import type { Column } from './header.ts'
import { problemOf, recordOf, type RowTable } from './records.ts'
import type { RawRow } from './rows.ts'

/** What is the same for all parts of a read. */
export interface About extends Pick<Lines, 'encoding' | 'dialect'> {
  table: RowTable
  wanted: Column[]
}

export function partOf({ bytes, row, rows }: Lines, about: About): Part {
  return { module: import.meta.url, bytes, about, row, rows }
}

export function pageOf({ bytes, about, row, rows }: Part): Page {
  const { table, wanted, encoding, dialect } = about as About
  return page(rowsOfLines({ bytes, encoding, dialect, row, rows }), table, wanted)
}

export function rowsOf({ bytes, about, row, rows: count }: Part): PartRows {
  const { table, wanted, encoding, dialect } = about as About
  const utf8 = asUtf8(bytes, encoding)
  const { plain, bounds, others } = plainCells(utf8, dialect, { row, rows: count }, table.columns.length, wanted.map((column) => column.index))
  const rows: RawRow[] = []
  for (let i = 0; i < others.length; i += 3) {
    const line = new Uint8Array(utf8.subarray(others[i + 1], others[i + 2]))
    rows.push(...rowsOfLines({ bytes: line, encoding: 'utf-8', dialect, row: others[i]!, rows: 1 }))
  }
  return { bytes: utf8, columns: wanted.map((column) => column.name), plain, bounds, page: page(rows, table, wanted) }
}

function page(rows: RawRow[], table: RowTable, wanted: Column[]): Page {
  const page: Page = { records: [], memberships: [], rejected: [] }
  for (const row of rows) {
    const problem = problemOf(row, table, wanted, false)
    if (problem !== undefined) page.rejected.push(problem)
    else page.records.push(recordOf(row, wanted, table.label))
  }
  return page
}
