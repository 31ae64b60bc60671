/** What the readers of CSV and of workbooks have in common: rows of cells, before a header gives the cells names. */
import type { ErrorCode } from '../../domain/errors.ts'
import type { Lines } from './csv-lines.ts'

export type Cell = string | number | boolean | undefined

export interface RawRow {
  /** 1-based, as a spreadsheet program counts. */
  row: number
  cells: Cell[]
  /** Why the row cannot be used, or only without these cells. */
  faults?: Fault[]
  /** The last line of a file, with no line end behind it: it may be a part only. */
  unended?: boolean
}

export interface Fault {
  /** 0-based column of the cell at fault. */
  column: number
  value?: string
  code: ErrorCode
  expected: string
}

/** An opened table: what was found out about it, and its rows. A finding (cut off, damaged) is thrown: `UsherError`. */
export interface RowSource {
  /** What stands before the `!` of an address: the sheet, or the file's name. */
  label: string
  /** Delimited text: a row must have as many cells as the header. In a sheet, an empty cell is simply not there. */
  fixedWidth: boolean
  /** Lines that are rows each, whatever stands in the others, may come as they are. */
  rows: AsyncGenerator<RawRow[] | Lines, void>
  sheet?: string
  isSheetGuessed?: true
  sheets?: string[]
  encoding?: string
  delimiter?: string
  /** Lets go of what the rows come from. */
  close?(): void
}

/** Excel's own limit is 32,767 characters. */
const cellCharsMax = 1_000_000
const shownCharsMax = 200

export function isEmpty(cell: Cell): boolean {
  return cell === undefined || (typeof cell === 'string' && cell.trim() === '')
}

/** What is wrong with a text that no system could store, or nothing. */
export function textFault(text: string, column: number): Fault | undefined {
  if (text.length > cellCharsMax) {
    return { column, value: shown(text), code: 'ROW_VALUE_INVALID', expected: 'at most 1,000,000 characters in a cell' }
  }
  if (text.includes('\uFFFD') || text.includes('\0') || !text.isWellFormed()) {
    return { column, value: shown(text), code: 'ROW_VALUE_INVALID', expected: 'text in the encoding of the file' }
  }
  return undefined
}

/** A value as a message shows it: not longer than a line or two. */
export function shown(text: string): string {
  const whole = text.toWellFormed().replaceAll('\0', '\uFFFD')
  return whole.length <= shownCharsMax ? whole : `${whole.slice(0, shownCharsMax).toWellFormed()}…`
}

/** 0 → A, 25 → Z, 26 → AA. */
export function letterOf(column: number): string {
  const last = String.fromCharCode(65 + (column % 26))
  return column < 26 ? last : letterOf(Math.floor(column / 26) - 1) + last
}

/** A → 0, AA → 26. */
export function columnOf(letters: string): number {
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}
