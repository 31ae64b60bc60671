/** Which row names the columns, and what the columns are called. */
import { type Cell, isEmpty, letterOf, type RawRow } from './rows.ts'

export interface Column {
  name: string
  letter: string
  index: number
}

/** So many rows are looked at to find the header. */
export const headRows = 50

/**
 * The header among the first rows: the first one about as wide as the table whose cells all look like labels. Titles
 * above it are narrow; data rows hold numbers, dates, addresses. Where no row looks like labels, the first wide one.
 */
export function findHeader(rows: RawRow[]): RawRow | undefined {
  const filled = rows.filter((row) => row.faults === undefined)
    .map((row) => ({ row, cells: row.cells.filter((c) => !isEmpty(c)) }))
    .filter(({ cells }) => cells.length > 0)
  const several = filled.filter(({ cells }) => cells.length > 1)
  const widths = (several.length > 0 ? several : filled).map(({ cells }) => cells.length).sort((a, b) => a - b)
  const usual = widths[Math.floor((widths.length - 1) / 2)] ?? 1
  const wide = filled.filter(({ cells }) => cells.length >= usual * 0.6)
  return (wide.find(({ cells }) => cells.every(looksLikeLabel)) ?? wide[0])?.row
}

/** The columns that a header row names: spaces folded, a repeated name numbered, a nameless column by its letter. */
export function columnsOf(header: Cell[]): Column[] {
  const taken = new Set<string>()
  return header.map((cell, index) => column(index, cell, taken))
}

/** The columns right of the header's last, for rows that go on there. */
export function moreColumns(columns: Column[], width: number): Column[] {
  const taken = new Set(columns.map((c) => c.name))
  const length = Math.max(0, width - columns.length)
  const added = Array.from({ length }, (_, i) => column(columns.length + i, undefined, taken))
  return [...columns, ...added]
}

function column(index: number, cell: Cell, taken: Set<string>): Column {
  const letter = letterOf(index)
  const label = isEmpty(cell) ? '' : String(cell).replace(/\s+/gu, ' ').trim().normalize('NFC')
  // A property of that name would not be an attribute of a record but the record's prototype.
  const wanted = label === '' || label === '__proto__' ? letter : label
  let name = wanted
  for (let n = 2; taken.has(name); n++) name = `${wanted} (${n})`
  taken.add(name)
  return { name, letter, index }
}

function looksLikeLabel(cell: Cell): boolean {
  if (typeof cell !== 'string') return false
  const text = cell.trim()
  const isNumber = /^[-+]?[\d.,]+$/.test(text)
  const isDate = /^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}/.test(text)
  return text.length <= 100 && !isNumber && !isDate && !text.includes('@')
}
