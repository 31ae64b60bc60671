/** A row under a header as a record, or what is wrong with it. */
import type { ObservedRecord, Rejection } from '../connector.ts'
import type { Attributes } from '../../domain/value.ts'
import type { Column } from './header.ts'
import { type Fault, isEmpty, letterOf, type RawRow, shown } from './rows.ts'

/** The table that a row is of. */
export interface RowTable {
  /** What stands before the `!` of an address. */
  label: string
  /** A row must have as many cells as there are columns. */
  fixedWidth: boolean
  columns: Column[]
}

/** The columns of these names; all unless given. */
export function chosen(columns: Column[], wanted: string[] | undefined): Column[] {
  return wanted === undefined ? columns : columns.filter((c) => wanted.includes(c.name))
}

export function recordOf(row: RawRow, columns: Column[], label: string): ObservedRecord {
  const attributes: Attributes = {}
  for (const { name, index } of columns) {
    const cell = row.cells[index]
    if (cell === undefined) continue
    const value = typeof cell === 'string' ? cell.trim() : cell
    if (value !== '') attributes[name] = value
  }
  return { objectType: 'row', id: String(row.row), name: `${label}!A${row.row}`, attributes, row: row.row }
}

/** Why a row cannot be used. What is wrong in a cell that is not `wanted` does not matter. */
export function problemOf(row: RawRow, { label, fixedWidth, columns }: RowTable, wanted: Column[], endOptional: boolean): Rejection | undefined {
  if (row.faults === undefined && row.cells.length === columns.length && !row.unended) return undefined
  const rejected = ({ column, value, code, expected }: Fault): Rejection => {
    const address = `${label}!${letterOf(column)}${row.row}`
    return { row: row.row, address, column: columns[column]?.name, value, code, expected }
  }
  const malformed = (column: number, expected: string): Rejection => {
    const cell = row.cells[column]
    const value = cell === undefined ? undefined : shown(String(cell))
    return rejected({ column, value, code: 'ROW_MALFORMED', expected })
  }
  const fault = row.faults?.find(({ code, column }) => code === 'ROW_MALFORMED' || wanted.some((c) => c.index === column))
  if (fault !== undefined) return rejected(fault)
  if (!fixedWidth) return undefined
  const width = row.cells.length
  const expected = `${columns.length} cells, as in the header; this row has ${width}`
  if (width < columns.length) return malformed(width, expected)
  if (width > columns.length) {
    const extra = row.cells.findIndex((cell, i) => i >= columns.length && !isEmpty(cell))
    if (extra >= 0) return malformed(extra, expected)
  }
  if (row.unended && !endOptional) {
    return malformed(columns.length - 1, 'a line end after the last cell of the file')
  }
  return undefined
}
