import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import type { Client } from './database.ts'

/** Lines for `copy … from stdin` in text format (PostgreSQL manual, "COPY", File Formats). */
const special: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** From so many rows on pouring is quicker than sending: it takes a trip more. */
export const pourMin = 100

/** One row; null becomes `\N`. */
export function copyLine(values: (string | number | boolean | null)[]): string {
  return `${values.map((v) => (v === null ? '\\N' : typeof v === 'string' ? escapeCopy(v) : String(v))).join('\t')}\n`
}

/** One value as it stands in a line. */
export function escapeCopy(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (c) => special[c]!) : text
}

/** Pours rows into a table with its columns. Other statements of the connection must not be under way where they go out together. */
export async function pourInto(client: Client, target: string, lines: string[]): Promise<void> {
  if (lines.length > 0) await pour(client, `copy ${target} from stdin`, [Buffer.from(lines.join(''))])
}

/** The same with rows that are in the format of PostgreSQL itself: half of the work for both sides. */
export async function pourRows(client: Client, target: string, rows: BinaryRows): Promise<void> {
  if (rows.at > 0) await pour(client, `copy ${target} from stdin (format binary)`, [copyStart, rows.take(), copyEnd])
}

async function pour(client: Client, statement: string, pieces: Buffer[]): Promise<void> {
  const connection: Client & { pipeline: boolean } = client
  const together = connection.pipeline
  // What was sent before is answered before this is.
  if (together) await client.query('select')
  connection.pipeline = false
  try {
    await pipeline(Readable.from(pieces), client.query(copyFrom(statement)))
  } finally {
    connection.pipeline = together
  }
}

/** What stands before the rows of a copy in binary format, and behind them. */
export const copyStart = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
export const copyEnd = Buffer.from([0xff, 0xff])
const leastBytes = 1 << 16
/** Up to here a text is written quicker by hand than by the call to have it written. */
const shortMax = 24
const dash = 45

/** Of a character of hexadecimal digits: what its letter lacks to its number is 9. */
const digitOf = (code: number): number => (code & 15) + (code >> 6) * 9

/**
 * Rows for `copy … from stdin` in binary format (PostgreSQL manual, "COPY", File Formats), where nothing needs to be
 * escaped by one side and looked for by the other. They go between `copyStart` and `copyEnd`.
 */
export class BinaryRows {
  #bytes = Buffer.alloc(0)
  #at = 0
  /** Room for so many is made at once. */
  #next = leastBytes

  row(fields: number): void {
    this.#room(2)
    this.#bytes[this.#at++] = fields >> 8
    this.#bytes[this.#at++] = fields
  }

  null(): void {
    this.#room(4)
    this.#number(-1)
  }

  int(value: number): void {
    this.#room(8)
    this.#number(4)
    this.#number(value)
  }

  smallint(value: number): void {
    this.#room(6)
    this.#number(2)
    this.#bytes[this.#at++] = value >> 8
    this.#bytes[this.#at++] = value
  }

  /** From its decimal digits. */
  bigint(value: string | null): void {
    if (value === null) return this.null()
    this.#room(12)
    this.#number(8)
    this.#long(BigInt(value))
  }

  /** `timestamptz`, from ISO 8601 text; to the millisecond. */
  instant(value: string): void {
    const since2000 = Date.parse(value) - Date.UTC(2000)
    this.#room(12)
    this.#number(8)
    this.#long(BigInt(since2000) * 1000n)
  }

  uuid(value: string | null): void {
    if (value === null) return this.null()
    this.#room(20)
    this.#number(16)
    this.#hex(value)
  }

  /** `bytea`, from hexadecimal digits. */
  bytes(value: string): void {
    this.#room(4 + value.length / 2)
    this.#number(value.length / 2)
    this.#hex(value)
  }

  /** `text[]` */
  texts(values: string[]): void {
    this.#room(24)
    const start = this.begin('text')
    const textType = 25
    for (const number of values.length === 0 ? [0, 0, textType] : [1, 0, textType, values.length, 1]) this.#number(number)
    for (const value of values) this.text(value)
    this.end(start)
  }

  /** `text` or `json`. */
  text(value: string | null): void {
    if (value === null) return this.null()
    this.#room(4 + value.length * 3)
    const written = this.#write(value, this.#at + 4)
    this.#number(written)
    this.#at += written
  }

  jsonb(value: string | null): void {
    if (value === null) return this.null()
    this.#room(5 + value.length * 3)
    const written = this.#bytes.write(value, this.#at + 5)
    this.#number(1 + written)
    this.#bytes[this.#at] = 1
    this.#at += 1 + written
  }

  /** A `text`, or a `jsonb`, of pieces that follow until `end` is called with what this returns. */
  begin(kind: 'text' | 'jsonb'): number {
    this.#room(5)
    const start = this.#at
    this.#at += 4
    if (kind === 'jsonb') this.#bytes[this.#at++] = 1
    return start
  }

  end(start: number): void {
    const at = this.#at
    this.#at = start
    this.#number(at - start - 4)
    this.#at = at
  }

  /** A piece: these bytes of UTF-8. */
  copy(source: Uint8Array, from = 0, to = source.length): void {
    this.#room(to - from)
    const bytes = this.#bytes
    let at = this.#at
    for (let i = from; i < to; i++) bytes[at++] = source[i]!
    this.#at = at
  }

  /** A piece. */
  string(value: string): void {
    this.#room(value.length * 3)
    this.#at += this.#write(value, this.#at)
  }

  /** A `bytea` of so many bytes, to be filled in later; returns where. */
  bytesLater(size: number): number {
    this.#room(4 + size)
    this.#number(size)
    this.#at += size
    return this.#at - size
  }

  /** An uuid: a number before the rest of its bytes, so that ids come in the order of their numbers. */
  id(first: number, rest: Uint8Array): void {
    this.#room(20)
    this.#number(16)
    this.#number(first)
    this.#few(rest)
  }

  /** Where the next field begins, in what is handed out next. */
  get at(): number {
    return this.#at
  }

  /** The rows so far; the next ones go to memory of their own, as what was handed out may still be on its way. */
  take(): Buffer<ArrayBuffer> {
    const ready = this.#bytes.subarray(0, this.#at)
    // Rows that come together are about as many again.
    this.#next = Math.max(leastBytes, Math.ceil(this.#at * 1.1))
    this.#bytes = Buffer.alloc(0)
    this.#at = 0
    return ready
  }

  #write(value: string, at: number): number {
    if (value.length > shortMax) return this.#bytes.write(value, at)
    const bytes = this.#bytes
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 127) return bytes.write(value, at)
      bytes[at + i] = unit
    }
    return value.length
  }

  // By hand: the methods of Buffer check each number, and copying a few bytes by `set` takes longer than one by one.
  #number(value: number): void {
    const bytes = this.#bytes
    bytes[this.#at++] = value >> 24
    bytes[this.#at++] = value >> 16
    bytes[this.#at++] = value >> 8
    bytes[this.#at++] = value
  }

  #long(value: bigint): void {
    this.#number(Number(value >> 32n))
    this.#number(Number(value & 0xffffffffn))
  }

  /** Two digits make a byte; the dashes of an uuid are passed over. */
  #hex(digits: string): void {
    for (let i = 0; i < digits.length; i += 2) {
      if (digits.charCodeAt(i) === dash) i += 1
      this.#bytes[this.#at++] = digitOf(digits.charCodeAt(i)) << 4 | digitOf(digits.charCodeAt(i + 1))
    }
  }

  #few(value: Uint8Array): void {
    for (let i = 0; i < value.length; i++) this.#bytes[this.#at++] = value[i]!
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#next, (this.#at + size) * (this.#at === 0 ? 1 : 2)))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
