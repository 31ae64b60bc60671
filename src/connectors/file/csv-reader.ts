/** Delimited text as rows, a chunk of the file at a time. */
import { UsherError } from '../../domain/errors.ts'
import { declaredDelimiter, type Dialect, findDialect } from './csv-dialect.ts'
import { decoded, lineBytes, type LineEncoding, type Lines, linesOf, markFault, mayHoldFaults, plainRows } from './csv-lines.ts'
import { recordsOf } from './csv-records.ts'
import { type Encoding, findEncoding } from './encoding.ts'
import type { FileConfig } from './file-config.ts'
import type { RawRow, RowSource } from './rows.ts'
import { chunksOf, isUnchanged, type SourceFile, unreadable } from './source-file.ts'

const lineBytesMax = 16_000_000

/** Opens delimited text whose bytes are `chunks`. `tab`: by its name it is a TSV file. */
export async function openCsv(
  file: SourceFile, chunks: AsyncIterable<Buffer>, config: FileConfig, tab: boolean, encodingOf: EncodingOf, signal?: AbortSignal,
): Promise<RowSource> {
  const written = config.encoding ?? (await encodingOf(file, signal))
  const { bytes, encoding } = lineBytes(chunks, written)
  const first = await bytes.next()
  const start = first.done ? Buffer.alloc(0) : first.value
  const head = decoded(start, encoding)
  if (head.slice(0, 4096).includes('\0')) throw unreadable(file, 'is not text but binary data')
  const delimiter = config.delimiter ?? (tab ? '\t' : undefined)
  const dialect = findDialect(head.slice(0, 65_536), { delimiter, quote: config.quote })
  const skipped = declaredDelimiter(head) === undefined ? 0 : start.indexOf(dialect.lineEnd) + 1
  const rows = readRows(file, start.subarray(skipped), bytes, encoding, dialect)
  return { label: file.name, fixedWidth: true, rows, encoding: written, delimiter: dialect.delimiter }
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

/** Rows one by one, or whole lines of which each is a row. */
async function* readRows(
  file: SourceFile, start: Buffer, bytes: AsyncGenerator<Buffer, void>, encoding: LineEncoding, dialect: Dialect,
): AsyncGenerator<RawRow[] | Lines, void> {
  let row = 1
  let rest: string[] = []
  let partial = Buffer.alloc(0)
  let chunk = start
  for (;;) {
    const end = chunk.lastIndexOf(dialect.lineEnd) + 1
    if (end === 0) partial = Buffer.concat([partial, chunk])
    else {
      const lines = joined(partial, chunk.subarray(0, end))
      partial = Buffer.from(chunk.subarray(end))
      const plain = rest.length > 0 ? undefined : plainRows(lines, dialect)
      if (plain !== undefined) {
        yield { bytes: lines, encoding, dialect, row, rows: plain }
        row += plain
      } else {
        const text = decoded(lines, encoding)
        const all = rest.concat(linesOf(text, dialect))
        const { rows, used } = recordsOf(all, row, dialect, false)
        row += rows.length
        if (rest.length > 0 || mayHoldFaults(text)) rows.forEach(markFault)
        rest = all.slice(used)
        if (rows.length > 0) yield rows
      }
    }
    if (partial.length > lineBytesMax) throw unreadable(file, `has no line end for 16 million bytes in row ${row}`)
    const next = await bytes.next()
    if (next.done) break
    chunk = next.value
  }
  const last = decoded(partial, encoding)
  yield* lastRows(file, rest, last === '\x1a' ? '' : last, row, dialect)
}

/** In memory of its own. */
function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
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
