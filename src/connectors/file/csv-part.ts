/** Plain lines of a file as a part of it, and the page that any thread makes of one. */
import type { Page, Part } from '../connector.ts'
import type { Column } from './header.ts'
import { type Lines, rowsOf } from './csv-lines.ts'
import { problemOf, recordOf, type RowTable } from './records.ts'

type About = Omit<Lines, 'bytes'> & { table: RowTable; wanted: Column[] }

export function partOf({ bytes, ...lines }: Lines, table: RowTable, wanted: Column[]): Part {
  const about: About = { ...lines, table, wanted }
  return { module: import.meta.url, bytes, about, rows: lines.rows }
}

export function pageOf({ bytes, about }: Part): Page {
  const { table, wanted, ...lines } = about as About
  const page: Page = { records: [], memberships: [], rejected: [] }
  for (const row of rowsOf({ bytes, ...lines })) {
    const problem = problemOf(row, table, false)
    if (problem !== undefined) page.rejected.push(problem)
    else page.records.push(recordOf(row, wanted, table.label))
  }
  return page
}
