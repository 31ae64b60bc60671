/** A last row of its own that proves that a file is whole. */
import { UsherError } from '../../domain/errors.ts'
import type { Trailer } from './file-config.ts'
import type { Column } from './header.ts'
import { isEmpty, type RawRow } from './rows.ts'

/** A mark is a few words; a pattern is not tried on more. */
const markCharsMax = 1_000

/** Nothing if the last row is the trailer and the number in it, if any, is `count`. */
export function trailerFinding(
  trailer: Trailer, last: RawRow | undefined, count: number, table: { source: { label: string }; columns: Column[] },
): UsherError | undefined {
  const { label } = table.source
  const cutOff = (message: string): UsherError => new UsherError('SOURCE_TRUNCATED', message, { count })
  const column = trailer.column === undefined ? 0 : table.columns.find((c) => c.name === trailer.column)?.index
  if (column === undefined) {
    return cutOff(`${label} has no column "${trailer.column}", where its last row should be marked.`)
  }
  const cell = last?.cells[column]
  const found = isEmpty(cell) ? null : new RegExp(trailer.pattern, 'u').exec(String(cell).trim().slice(0, markCharsMax))
  if (found === null) {
    const where = last === undefined ? '' : ` (row ${last.row})`
    return cutOff(`The last row of ${label}${where} is not the one that marks its end. Transfer the file again.`)
  }
  const declared = found[1] === undefined ? count : Number(found[1])
  if (declared === count) return undefined
  return cutOff(`The last row of ${label} says that it has ${found[1]} rows; there are ${count}. Transfer it again.`)
}
