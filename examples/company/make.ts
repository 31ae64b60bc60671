/**
 * Writes the example company's workbooks: `node examples/company/make.ts [base date]`.
 * Without a base date they come out as they are kept in the repository.
 */
import path from 'node:path'
import type { CellObject } from 'write-excel-file/node'
import writeExcelFile from 'write-excel-file/node'
import { columns, makeCompany, type Row } from './company.ts'

export { makeCompany, type Row } from './company.ts'

/** The staff list as a workbook: a title, the header, one line per row. */
export async function writeWorkbook(file: string, rows: Row[]): Promise<void> {
  const title = [{ value: 'Northwind Trading – staff list', fontWeight: 'bold' as const, columnSpan: columns.length }]
  const header = columns.map((value) => ({ value, fontWeight: 'bold' as const }))
  const lines = rows.map((row) => columns.map((column) => cellOf(row[column])))
  const widths = columns.map((column) => ({ width: Math.max(12, column.length + 2) }))
  await writeExcelFile([title, header, ...lines], { sheet: 'Staff', columns: widths, stickyRowsCount: 2 }).toFile(file)
}

function cellOf(value: Row[keyof Row]): CellObject | null {
  if (value === undefined) return null
  if (!(value instanceof Temporal.PlainDate)) return { value }
  return { value: new Date(Date.UTC(value.year, value.month - 1, value.day)), format: 'dd.mm.yyyy' }
}

if (import.meta.main) {
  const { day1, day2 } = makeCompany(Temporal.PlainDate.from(process.argv[2] ?? '2026-11-21'))
  await writeWorkbook(path.join(import.meta.dirname, 'day-1.xlsx'), day1)
  await writeWorkbook(path.join(import.meta.dirname, 'day-2.xlsx'), day2)
}
