/** Cells of plain lines where they stand, without making texts of them. */
import { isUtf8 } from 'node:buffer'
import type { Dialect } from './csv-dialect.ts'

export interface PlainCells {
  /** Numbers of the rows. */
  plain: number[]
  /** Of each: begin and end of the wanted cells, in their order. */
  bounds: Int32Array
  /** The lines of the other rows: number, begin, end. */
  others: number[]
}

/** Texts that are longer may hold cells that are too long. */
const bytesMax = 1_000_000

/**
 * `bytes`: plain lines in UTF-8, and of them the number of the first row and how many there are. `width`: how many cells a row has. `wanted`: indexes of
 * cells, ascending. A line goes to the others where anything about it is more than plain text between delimiters or quotes.
 */
export function plainCells(
  bytes: Buffer, { delimiter, quote, lineEnd }: Dialect, lines: { row: number; rows: number }, width: number, wanted: number[],
): PlainCells {
  const plain: number[] = []
  const others: number[] = []
  const bounds = new Int32Array(lines.rows * wanted.length * 2)
  let filled = 0
  const isReadable = bytes.length <= bytesMax && delimiter.length === 1 && delimiter.charCodeAt(0) < 128 && isUtf8(bytes) && !bytes.includes('\uFFFD')
  const [comma, quoting, end] = [delimiter.charCodeAt(0), quote === '' ? -1 : quote.charCodeAt(0), lineEnd.charCodeAt(0)]
  const isWanted = Uint8Array.from({ length: width }, (_, index) => (wanted.includes(index) ? 1 : 0))
  const isOdd = oddBytes(quoting)

  for (let start = 0, number = lines.row; start < bytes.length; number++) {
    const next = bytes.indexOf(end, start) + 1
    const stop = bytes[next - 2] === 13 && next - 2 >= start ? next - 2 : next - 1
    const mark = filled
    let isPlain = isReadable
    let cell = 0
    for (let i = start; isPlain; cell++) {
      let from = i
      let to = i
      if (bytes[i] === quoting) {
        from = ++i
        while (i < stop && bytes[i] !== quoting) isPlain = !isOdd[bytes[i++]!] && isPlain
        to = i++
        isPlain &&= to < stop && (i === stop || bytes[i] === comma)
      } else {
        while (i < stop && bytes[i] !== comma) isPlain = !isOdd[bytes[i++]!] && isPlain
        to = i
      }
      if (isWanted[cell] === 1) {
        while (from < to && bytes[from] === 32) from++
        while (from < to && bytes[to - 1] === 32) to--
        isPlain &&= !mayBeSpace(bytes, from, to)
        bounds[filled++] = from
        bounds[filled++] = to
      }
      if (i >= stop) break
      i++
    }
    isPlain &&= cell + 1 === width
    if (isPlain) plain.push(number)
    else {
      filled = mark
      others.push(number, start, next)
    }
    start = next
  }
  return { plain, bounds, others }
}

function oddBytes(quoting: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (byte < 32 || byte === 34 || byte === 92 || byte === quoting ? 1 : 0))
}

/** The first bytes of the characters beyond ASCII that trimming takes away. */
const spaceLeads = new Set([0xc2, 0xe1, 0xe2, 0xe3, 0xef])

function mayBeSpace(bytes: Uint8Array, from: number, to: number): boolean {
  if (from === to || (bytes[from]! < 128 && bytes[to - 1]! < 128)) return false
  let last = to - 1
  while (last > from && (bytes[last]! & 0xc0) === 0x80) last--
  return spaceLeads.has(bytes[from]!) || spaceLeads.has(bytes[last]!)
}
