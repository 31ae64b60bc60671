/**
 * Text into records. What nearly all lines are is simply split: lines without quotes, or with quotes around whole cells
 * only. The others (doubled quotes, cells of several lines, mistakes) go through csv-parse, many at a time, as it takes
 * four times as long. (A test compares this with csv-parse alone.)
 */
import { parse } from 'csv-parse/sync'
import type { Dialect } from './csv-dialect.ts'
import { type RawRow, shown } from './rows.ts'

/** A quote that is not closed within so many characters is taken for a mistake, not for a long cell. */
const openCharsMax = 1_000_000

/**
 * The records that end in `lines`, the first of which is row `row`, and how many lines they took: those that are left
 * belong to a record whose quote is still open. `atEnd`: nothing follows, so an open quote is a mistake in its line.
 */
export function recordsOf(
  lines: string[], row: number, dialect: Dialect, atEnd: boolean,
): { rows: RawRow[]; used: number } {
  const rows: RawRow[] = []
  let quoted: Quoted[] = []
  let at = 0
  for (;;) {
    while (at < lines.length) {
      const line = lines[at] ?? ''
      const number = row + rows.length
      const cells = simpleCells(withoutReturn(line), dialect)
      if (cells !== undefined) {
        rows.push({ row: number, cells })
        at++
        continue
      }
      const next = recordEnd(lines, at, dialect.quote)
      if (next === undefined && !atEnd && mayGoOn(lines.slice(at), dialect)) break
      if (next === undefined) {
        rows.push(malformed(number, line))
        at++
        continue
      }
      const text = withoutReturn(lines.slice(at, next).join(dialect.lineEnd))
      quoted.push({ index: rows.length, line: at, next, text })
      rows.push({ row: number, cells: [] })
      at = next
    }
    const again = fillIn(rows, quoted, lines, dialect)
    if (again === undefined) return { rows, used: at }
    at = again
    quoted = []
  }
}

/** The cells of a line whose quotes, if any, stand around whole cells and nowhere else. */
function simpleCells(line: string, { delimiter, quote }: Dialect): string[] | undefined {
  const pieces = line.split(delimiter)
  if (quote === '' || !line.includes(quote)) return pieces
  const cells: string[] = []
  for (let i = 0; i < pieces.length; i++) {
    let cell = pieces[i] ?? ''
    const first = cell.indexOf(quote)
    if (first > 0) return undefined
    if (first === 0) {
      let closing = cell.indexOf(quote, 1)
      for (; closing === -1; closing = cell.indexOf(quote, 1)) {
        i++
        if (i === pieces.length) return undefined
        cell += delimiter + pieces[i]
      }
      if (closing !== cell.length - 1) return undefined
      cell = cell.slice(1, -1)
    }
    cells.push(cell)
  }
  return cells
}

interface Quoted {
  index: number
  line: number
  next: number
  text: string
}

/** Fills the quoted records in. At a bad one of several lines, only its first line is bad: the place to go on from. */
function fillIn(rows: RawRow[], quoted: Quoted[], lines: string[], dialect: Dialect): number | undefined {
  const cells = parseAll(quoted.map((q) => q.text), dialect)
  for (const [i, { index, line, next }] of quoted.entries()) {
    const number = rows[index]?.row ?? 0
    const parsed = cells[i]
    rows[index] = parsed === undefined ? malformed(number, lines[line] ?? '') : { row: number, cells: parsed }
    if (parsed === undefined && next > line + 1) {
      rows.length = index + 1
      return line + 1
    }
  }
  return undefined
}

/** Each text's cells, or nothing where quotes stand wrong. One bad text fails a whole call, so halves find it. */
function parseAll(texts: string[], dialect: Dialect): (string[] | undefined)[] {
  if (texts.length === 0) return []
  try {
    const records = parse(texts.join('\n') + '\n', {
      delimiter: dialect.delimiter,
      quote: dialect.quote,
      escape: dialect.quote,
      record_delimiter: '\n',
      relax_column_count: true,
      // Spaces between quote and delimiter; the option would take tabs for spaces, too.
      trim: dialect.delimiter !== '\t',
    })
    if (records.length === texts.length) return records
  } catch {
    // Found below.
  }
  if (texts.length === 1) return [undefined]
  const half = texts.length >> 1
  return [...parseAll(texts.slice(0, half), dialect), ...parseAll(texts.slice(half), dialect)]
}

/** The line after the record that starts at `start`: the first one at which all quotes are closed. */
function recordEnd(lines: string[], start: number, quote: string): number | undefined {
  let open = false
  for (let at = start; at < lines.length; at++) {
    const line = lines[at] ?? ''
    for (let i = line.indexOf(quote); i >= 0; i = line.indexOf(quote, i + 1)) open = !open
    if (!open) return at + 1
  }
  return undefined
}

/** Whether these lines are the beginning of a record: closed here, it would be a good one. */
function mayGoOn(lines: string[], dialect: Dialect): boolean {
  const text = lines.join(dialect.lineEnd)
  return text.length <= openCharsMax && parseAll([text + dialect.quote], dialect)[0] !== undefined
}

function malformed(row: number, line: string): RawRow {
  const expected = 'a quote before and after the cell, and a doubled quote for each one inside it'
  const value = shown(withoutReturn(line))
  return { row, cells: [line], faults: [{ column: 0, value, code: 'ROW_MALFORMED', expected }] }
}

function withoutReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line
}
