/** How bytes become text: which encoding a file has, and its text in pieces. */
import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { UsherError } from '../../domain/errors.ts'

export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const
export type Encoding = (typeof encodings)[number]

/**
 * The encoding of these bytes: by byte order mark, by the zeros that UTF-16 has in Latin text, by being valid UTF-8,
 * else Windows-1252. A few bad bytes in what otherwise is UTF-8 do not change what it is: their rows are set aside.
 */
export async function findEncoding(chunks: AsyncIterable<Buffer>): Promise<Encoding> {
  let rest: Buffer = Buffer.alloc(0)
  let first = true
  const seen = { multibyte: 0, invalid: 0 }
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (first) {
      const wide = wideEncoding(bytes)
      if (wide !== undefined) return wide
      if (hasUtf8Mark(bytes)) return 'utf-8'
      first = false
    }
    const end = wholeCharacters(bytes)
    rest = Buffer.from(bytes.subarray(end))
    count(bytes.subarray(0, end), seen)
  }
  return seen.invalid > seen.multibyte ? 'windows-1252' : 'utf-8'
}

/** The text of the chunks. Bytes that mean nothing become U+FFFD, also half a character at the end. */
export async function* textOf(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<string, void> {
  const decoder = iconv.getDecoder(encoding)
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    const text = decoder.write(chunk)
    if (text !== '') yield text
  }
  const last = decoder.end() ?? ''
  if (last !== '') yield last
  if (encoding.startsWith('utf-16') && size % 2 === 1) {
    throw new UsherError('SOURCE_TRUNCATED', 'The file ends in the middle of a character. Transfer it again.')
  }
}

function wideEncoding(bytes: Buffer): Encoding | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const head = bytes.subarray(0, 4096)
  let even = 0
  let odd = 0
  for (let i = 0; i < head.length; i++) {
    if (head[i] !== 0) continue
    if (i % 2 === 0) even++
    else odd++
  }
  const many = head.length / 5
  if (odd > many && even === 0) return 'utf-16le'
  if (even > many && odd === 0) return 'utf-16be'
  return undefined
}

function hasUtf8Mark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** Where the last whole UTF-8 character ends, so that a chunk's border splits none. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return back < length ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

function count(bytes: Buffer, seen: { multibyte: number; invalid: number }): void {
  if (isUtf8(bytes)) {
    // One for the whole chunk will do: the exact number only matters beside invalid bytes.
    if (!isAscii(bytes)) seen.multibyte++
    return
  }
  for (const [character] of bytes.toString('utf8').matchAll(/[^\0-\x7f]/gu)) {
    if (character === '\uFFFD') seen.invalid++
    else seen.multibyte++
  }
}
