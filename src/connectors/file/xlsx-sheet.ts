/** The rows of one sheet. */
import { UsherError } from '../../domain/errors.ts'
import { type Cell, columnOf, type Fault, type RawRow, shown, textFault } from './rows.ts'
import { unreadable } from './source-file.ts'
import { type Book, type Sheet, unescaped } from './xlsx-book.ts'
import { isoOfSerial } from './xlsx-date.ts'
import { parseXml } from './xlsx-xml.ts'

const rowsMax = 1_048_576
const columnsMax = 16_384

/** Rows as they are parsed. Throws if the sheet ends before the last row that it declares. */
export async function* readSheet(book: Book, sheet: Sheet): AsyncGenerator<RawRow[], void> {
  let rows: RawRow[] = []
  let row: RawRow = { row: 0, cells: [] }
  let cell: OpenCell | undefined
  let column = -1
  let text = ''
  let reading = false
  let phonetic = false
  let declared = 0

  const parsing = parseXml(book.package, sheet.part, {
    open(name, attributes) {
      if (name === 'c') {
        column = columnOfAddress(attributes['r']) ?? column + 1
        if (column >= columnsMax) throw new Error('a cell right of the last column')
        cell = { column, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? 0), isFormula: false }
        text = ''
      } else if (name === 'v' || name === 't') {
        reading = cell !== undefined && !phonetic
      } else if (name === 'f' && cell !== undefined) {
        cell.isFormula = true
      } else if (name === 'row') {
        const number = attributes['r'] === undefined ? row.row + 1 : Number(attributes['r'])
        if (!Number.isInteger(number) || number < 1 || number > rowsMax) throw new Error('a row below the last row')
        row = { row: number, cells: [] }
        column = -1
      } else if (name === 'rPh') {
        phonetic = true
      } else if (name === 'dimension') {
        declared = lastRowOf(attributes['ref'])
      }
    },
    text(piece) {
      if (reading) text += piece
    },
    close(name) {
      if (name === 'v' || name === 't') {
        reading = false
      } else if (name === 'c' && cell !== undefined) {
        const { value, fault } = valueOf(book, cell, text)
        if (value !== undefined) row.cells[cell.column] = value
        if (fault !== undefined) (row.faults ??= []).push(fault)
        cell = undefined
      } else if (name === 'row') {
        rows.push(row)
      } else if (name === 'rPh') {
        phonetic = false
      }
    },
  })

  for await (const _ of parsing) {
    if (rows.length === 0) continue
    yield rows
    rows = []
  }
  if (row.row >= declared) return
  const message = `${sheet.name} declares rows up to ${declared} and ends at row ${row.row}. ` +
    'Transfer the file again, or save it anew in Excel.'
  throw new UsherError('SOURCE_TRUNCATED', message, { file: book.package.file.path, declared, found: row.row })
}

interface OpenCell {
  column: number
  type: string
  style: number
  isFormula: boolean
}

function valueOf(book: Book, cell: OpenCell, text: string): { value?: Cell; fault?: Fault } {
  const { column, type, isFormula } = cell
  // Excel says of an empty result that it is a text.
  if (text === '' && isFormula && type !== 'str') return bad(column, text, 'a formula with its result; open the workbook in Excel and save it')
  if (text === '') return {}
  if (type === 's') {
    const shared = book.texts[Number(text)]
    if (shared === undefined) throw unreadable(book.package.file, `is damaged: it lacks text ${text} of a cell`)
    return textValue(shared, column)
  }
  if (type === 'str' || type === 'inlineStr') return textValue(unescaped(text), column)
  if (type === 'b') return { value: text.trim() === '1' || text.trim() === 'true' }
  if (type === 'e') return bad(column, text, `a value rather than the error ${text.trim()} of Excel`)
  if (type === 'd') return { value: text.trim().replace(/T00:00:00(\.0+)?Z?$/, '') }
  const number = Number(text)
  if (!Number.isFinite(number)) return bad(column, text, 'a number')
  const format = book.dateFormats[cell.style]
  if (format === undefined) return { value: number }
  const date = isoOfSerial(number, format, book.from1904)
  return date === undefined ? bad(column, text, 'a date such as 2026-11-21') : { value: date }
}

function textValue(text: string, column: number): { value?: Cell; fault?: Fault } {
  const fault = textFault(text, column)
  return fault === undefined ? { value: text } : { value: shown(text), fault }
}

/** The row is set aside, but is not an empty one. */
function bad(column: number, text: string, expected: string): { value: Cell; fault: Fault } {
  return { value: shown(text), fault: { column, value: shown(text.trim()), code: 'ROW_VALUE_INVALID', expected } }
}

function columnOfAddress(address: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(address ?? '')?.[0]
  return letters === undefined ? undefined : columnOf(letters)
}

/** `A1:Q322` → 322. */
function lastRowOf(reference: string | undefined): number {
  return Number(/(\d+)$/.exec(reference ?? '')?.[1] ?? 0)
}
