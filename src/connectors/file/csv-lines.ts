/** Whole lines of a file as bytes, which of them are rows whatever stands in the others, and the rows in them. */
import { isAscii } from 'node:buffer'
import iconv from 'iconv-lite'
import type { Dialect } from './csv-dialect.ts'
import { recordsOf } from './csv-records.ts'
import { type Encoding, textOf } from './encoding.ts'
import { type RawRow, textFault } from './rows.ts'

/** Encodings in which a line end or a quote is a byte of its own. */
export type LineEncoding = 'utf-8' | 'windows-1252'

/** Lines of which each is a row that is not blank, so that they can be understood without those before and behind them. */
export interface Lines {
  /** Alone in its memory. */
  bytes: Uint8Array<ArrayBuffer>
  encoding: LineEncoding
  dialect: Dialect
  /** The number of the first one. */
  row: number
  rows: number
}

/** What is shorter cannot hold a cell that is too long. */
const checkedCharsMin = 1_000_000

/** The bytes of the chunks without byte order mark, in an encoding that can be cut at line ends. */
export function lineBytes(
  chunks: AsyncIterable<Buffer>, encoding: Encoding,
): { bytes: AsyncGenerator<Buffer, void>; encoding: LineEncoding } {
  if (encoding === 'windows-1252') return { bytes: passing(chunks), encoding }
  return { bytes: encoding === 'utf-8' ? withoutMark(chunks) : narrowed(textOf(chunks, encoding)), encoding: 'utf-8' }
}

export function decoded(bytes: Uint8Array, encoding: LineEncoding): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return encoding === 'utf-8' ? buffer.toString('utf8') : iconv.decode(buffer, encoding)
}

/** Bytes that stand nowhere else are taken as they are. */
export function asUtf8(bytes: Uint8Array<ArrayBuffer>, encoding: LineEncoding): Buffer<ArrayBuffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return encoding === 'utf-8' || isAscii(buffer) ? buffer : Buffer.from(iconv.decode(buffer, encoding))
}

/**
 * How many rows whole lines are, if each is one: it holds a letter or a digit, and its quotes, if any, are closed at its
 * end. Undefined: some lines may belong together, or are no rows.
 */
export function plainRows(bytes: Uint8Array, { delimiter, quote, lineEnd }: Dialect): number | undefined {
  if (isSolid[delimiter.charCodeAt(0)] === 1 || quote.length > 1) return undefined
  const end = lineEnd.charCodeAt(0)
  const quoting = quote === '' ? -1 : quote.charCodeAt(0)
  let rows = 0
  let open = false
  let solid = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === end) {
      if (open || solid === 0) return undefined
      rows++
      solid = 0
    } else if (byte === quoting) open = !open
    else solid |= isSolid[byte]!
  }
  return rows
}

/** Letters and digits of ASCII: no quote, no delimiter, nothing that trimming takes away. */
const isSolid = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9A-Za-z]/.test(String.fromCharCode(byte)) ? 1 : 0))

/** The rows of plain lines. */
export function rowsOfLines({ bytes, encoding, dialect, row }: Lines): RawRow[] {
  const text = decoded(bytes, encoding)
  const { rows } = recordsOf(linesOf(text, dialect), row, dialect, true)
  if (mayHoldFaults(text)) rows.forEach(markFault)
  return rows
}

/** The lines of a text that ends with a line end. */
export function linesOf(text: string, { lineEnd }: Dialect): string[] {
  const lines = text.split(lineEnd)
  lines.pop()
  return lines
}

export function mayHoldFaults(text: string): boolean {
  return text.length > checkedCharsMin || text.includes('\uFFFD') || text.includes('\0') || !text.isWellFormed()
}

export function markFault(row: RawRow): void {
  if (row.faults !== undefined) return
  const faults = row.cells.flatMap((cell, column) => (typeof cell === 'string' ? textFault(cell, column) ?? [] : []))
  if (faults.length > 0) row.faults = faults
}

async function* passing(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield* chunks
}

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let first = true
  for await (const chunk of chunks) {
    yield first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk
    first = false
  }
}

/** UTF-16 as UTF-8; the two halves of a character may come in two pieces. */
async function* narrowed(texts: AsyncIterable<string>): AsyncGenerator<Buffer, void> {
  let half = ''
  for await (const text of texts) {
    const all = half + text
    const isHalf = /[\uD800-\uDBFF]$/.test(all)
    half = isHalf ? all.slice(-1) : ''
    yield Buffer.from(isHalf ? all.slice(0, -1) : all)
  }
  if (half !== '') yield Buffer.from(half)
}
