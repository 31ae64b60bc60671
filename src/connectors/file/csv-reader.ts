/** Delimited text as rows, a chunk of the file at a time. */
import { UsherError } from '../../domain/errors.ts'
import { declaredDelimiter, type Dialect, findDialect } from './csv-dialect.ts'
import { recordsOf } from './csv-records.ts'
import { type Encoding, findEncoding, textOf } from './encoding.ts'
import type { FileConfig } from './file-config.ts'
import { type RawRow, type RowSource, textFault } from './rows.ts'
import { chunksOf, isUnchanged, type SourceFile, unreadable } from './source-file.ts'

const lineCharsMax = 16_000_000
/** What is shorter cannot hold a cell that is too long. */
const checkedCharsMin = 1_000_000

/** Opens delimited text whose bytes are `chunks`. `tab`: by its name it is a TSV file. */
export async function openCsv(
  file: SourceFile, chunks: AsyncIterable<Buffer>, config: FileConfig, tab: boolean, encodingOf: EncodingOf, signal?: AbortSignal,
): Promise<RowSource> {
  const encoding = config.encoding ?? (await encodingOf(file, signal))
  const texts = textOf(chunks, encoding)
  const first = await texts.next()
  const head = first.done ? '' : first.value
  if (head.slice(0, 4096).includes('\0')) throw unreadable(file, 'is not text but binary data')
  const delimiter = config.delimiter ?? (tab ? '\t' : undefined)
  const dialect = findDialect(head.slice(0, 65_536), { delimiter, quote: config.quote })
  const rows = readRows(file, head, texts, dialect)
  return { label: file.name, fixedWidth: true, rows, encoding, delimiter: dialect.delimiter }
}

export type EncodingOf = (file: SourceFile, signal?: AbortSignal) => Promise<Encoding>

/** Finds out a file's encoding, for which all of it is read, once as long as it stays the same. */
export function encodingOnce(): EncodingOf {
  let known: { of: SourceFile; encoding: Encoding } | undefined
  return async (file, signal) => {
    if (known === undefined || !isUnchanged(known.of, file.before)) known = { of: file, encoding: await findEncoding(chunksOf(file, signal)) }
    return known.encoding
  }
}

async function* readRows(
  file: SourceFile, head: string, texts: AsyncGenerator<string, void>, dialect: Dialect,
): AsyncGenerator<RawRow[], void> {
  let row = 1
  let rest: string[] = []
  let partial = ''
  let text = declaredDelimiter(head) === undefined ? head : head.slice(head.indexOf(dialect.lineEnd) + 1)
  for (;;) {
    const whole = partial + text
    const lines = whole.split(dialect.lineEnd)
    partial = lines.pop() ?? ''
    const all = rest.length > 0 ? rest.concat(lines) : lines
    const { rows, used } = recordsOf(all, row, dialect, false)
    row += rows.length
    if (rest.length > 0 || mayHoldFaults(whole)) rows.forEach(markFault)
    rest = all.slice(used)
    if (rows.length > 0) yield rows
    if (partial.length > lineCharsMax) throw unreadable(file, `has no line end for 16 million characters in row ${row}`)
    const next = await texts.next()
    if (next.done) break
    text = next.value
  }
  yield* lastRows(file, rest, partial === '\x1a' ? '' : partial, row, dialect)
}

/** What is left when the bytes are over: lines after a quote that is still open, a last line without its line end. */
async function* lastRows(
  file: SourceFile, rest: string[], partial: string, row: number, dialect: Dialect,
): AsyncGenerator<RawRow[], void> {
  const lines = partial === '' ? rest : [...rest, partial]
  if (lines.length === 0) return
  // After a line end, an open quote is a mistake in its row, and the rows behind it are good. Else they are its text.
  const { rows, used } = recordsOf(lines, row, dialect, partial === '')
  const last = rows.at(-1)
  if (partial !== '' && used === lines.length && last !== undefined) last.unended = true
  rows.forEach(markFault)
  yield rows
  if (rest.length === 0 && used === lines.length) return
  const opened = row + (rest.length > 0 ? 0 : rows.length)
  throw new UsherError(
    'SOURCE_TRUNCATED',
    `${file.name} ends inside a quoted cell that begins in row ${opened}. ` +
      'Transfer the file again, or close the quote in that row.',
    { file: file.path, row: opened },
  )
}

function mayHoldFaults(text: string): boolean {
  return text.length > checkedCharsMin || text.includes('\uFFFD') || text.includes('\0') || !text.isWellFormed()
}

function markFault(row: RawRow): void {
  if (row.fault !== undefined) return
  for (const [column, cell] of row.cells.entries()) {
    row.fault = typeof cell === 'string' ? textFault(cell, column) : undefined
    if (row.fault !== undefined) return
  }
}
