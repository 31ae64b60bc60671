/** A last row of its own that proves that a file is whole. */
import { isDate, parseAny } from '../../domain/date-format.ts'
import { UsherError } from '../../domain/errors.ts'
import type { Trailer } from './file-config.ts'
import type { Column } from './header.ts'
import { isEmpty, type Cell, type RawRow } from './rows.ts'

/** A mark is a few words; a pattern is not tried on more. */
const markCharsMax = 1_000

export interface TrailerRead {
  /** The last row is the mark, and nobody's. */
  isMark: boolean
  statedAt?: string
  finding?: UsherError
}

/** What the last row says, or what is wrong with it: it must be the trailer, and the number in it, if any, `count`. */
export function readTrailer(
  trailer: Trailer, last: RawRow | undefined, count: number, table: { source: { label: string }; columns: Column[] },
): TrailerRead {
  const { label } = table.source
  const cutOff = (message: string, isMark = false): TrailerRead => ({ isMark, finding: new UsherError('SOURCE_TRUNCATED', message, { count }) })
  const column = trailer.column === undefined ? undefined : table.columns.find((c) => c.name === trailer.column)?.index
  if (trailer.column !== undefined && column === undefined) {
    return cutOff(`${label} has no column "${trailer.column}", where its last row should be marked.`)
  }
  const cells = last?.cells ?? []
  const places = column === undefined ? [textOf(cells[0]), cells.map(textOf).filter((text) => text !== '').join(' ')] : [textOf(cells[column])]
  const pattern = new RegExp(trailer.pattern, 'u')
  const found = places.map((text) => (text === '' ? null : pattern.exec(text.slice(0, markCharsMax)))).find((match) => match !== null)
  if (found === undefined) {
    const where = last === undefined ? '' : ` (row ${last.row})`
    return cutOff(`The last row of ${label}${where} is not the one that marks its end. Transfer the file again.`)
  }
  const date = found.groups?.['date']
  const declared = found.groups?.['rows'] ?? found.slice(1).find((group) => group !== date)
  if (declared !== undefined && Number(declared) !== count) {
    return cutOff(`The last row of ${label} says that it has ${declared} rows; there are ${count}. Transfer it again.`, true)
  }
  if (date === undefined) return { isMark: true }
  const statedAt = instantOf(date, trailer.dateFormat)
  if (statedAt !== undefined) return { isMark: true, statedAt }
  const form = trailer.dateFormat === undefined ? 'such as 2026-11-21' : `in the form ${trailer.dateFormat}`
  const message = `The last row of ${label} says that it was made on "${date}", which is no date ${form}. Set completeness.trailer.dateFormat in the config of this system.`
  return { isMark: true, finding: new UsherError('SOURCE_OUT_OF_CONTRACT', message, {}) }
}

function textOf(cell: Cell): string {
  return isEmpty(cell) ? '' : String(cell).trim()
}

function instantOf(text: string, format: string | undefined): string | undefined {
  if (format !== undefined) {
    const [date] = parseAny(text, [format])
    return date === undefined ? undefined : `${date}T00:00:00Z`
  }
  if (isDate(text)) return `${text}T00:00:00Z`
  for (const written of [text, `${text}Z`]) {
    try {
      return Temporal.Instant.from(written).toString()
    } catch {
      // Not in this way.
    }
  }
  return undefined
}
