/**
 * The part of BER (X.690) that LDAP answers are made of, read straight from the bytes.
 *
 * Tens of thousands of entries pass here in one read, so an entry is its name and a place in the bytes that came;
 * nothing is copied and nothing is turned into text before somebody wants it.
 */

/** An entry as it came. Its name is from `nameAt` to `nameStop`, its attributes from `at` to `stop`. */
export interface RawEntry {
  dn: string
  bytes: Buffer
  nameAt: number
  nameStop: number
  at: number
  stop: number
}

/** How an operation ended. */
export interface LdapResult {
  code: number
  matchedDn: string
  /** The server's own words. */
  words: string
  referrals: string[]
  controls: Map<string, Buffer>
}

/** A place in bytes: `tag` is what stands there, its content is from `at` to `stop`. */
export interface Cursor {
  bytes: Buffer
  tag: number
  at: number
  stop: number
}

export const tags = { integer: 2, octets: 4, enumerated: 10, sequence: 0x30, set: 0x31, controls: 0xa0, referral: 0xa3 } as const

/** The element that starts at `from`. */
export function element(bytes: Buffer, from: number): Cursor {
  const cursor = { bytes, tag: 0, at: 0, stop: from }
  next(cursor)
  return cursor
}

/** Moves to the element after this one. */
export function next(cursor: Cursor): Cursor {
  const { bytes } = cursor
  let at = cursor.stop
  cursor.tag = byteAt(bytes, at++)
  let length = byteAt(bytes, at++)
  if (length > 0x7f) {
    const size = length & 0x7f
    if (size === 0 || size > 4) throw new Error('the answer is not LDAP: a length that LDAP does not allow')
    length = 0
    for (let i = 0; i < size; i++) length = length * 256 + byteAt(bytes, at++)
  }
  cursor.at = at
  cursor.stop = at + length
  if (cursor.stop > bytes.length) throw new Error('the answer is not LDAP: an element reaches beyond its message')
  return cursor
}

/** The first element inside this one. */
export function inside(cursor: Cursor): Cursor {
  return element(cursor.bytes, cursor.at)
}

export function integer({ bytes, at, stop }: Cursor): number {
  return stop > at ? bytes.readIntBE(at, Math.min(stop - at, 6)) : 0
}

export function text({ bytes, at, stop }: Cursor): string {
  return bytes.toString('utf8', at, stop)
}

export function octets({ bytes, at, stop }: Cursor): Buffer {
  return bytes.subarray(at, stop)
}

/** Bytes that the message at `from` takes; undefined when too few have arrived to tell. */
export function messageLength(bytes: Buffer, from: number): number | undefined {
  const left = bytes.length - from
  if (left < 2) return undefined
  if (bytes[from] !== tags.sequence) throw new Error('the answer is not LDAP')
  const first = byteAt(bytes, from + 1)
  if (first < 0x80) return 2 + first
  const size = first & 0x7f
  if (size === 0 || size > 4) throw new Error('the answer is not LDAP: a length that LDAP does not allow')
  return left < 2 + size ? undefined : 2 + size + bytes.readUIntBE(from + 2, size)
}

/** A search result entry; the cursor stands on the operation. */
export function readEntry(operation: Cursor): RawEntry {
  const part = inside(operation)
  const { at: nameAt, stop: nameStop } = part
  next(part)
  return new Entry(part.bytes, nameAt, nameStop, part.at, part.stop)
}

class Entry implements RawEntry {
  bytes: Buffer
  nameAt: number
  nameStop: number
  at: number
  stop: number

  constructor(bytes: Buffer, nameAt: number, nameStop: number, at: number, stop: number) {
    this.bytes = bytes
    this.nameAt = nameAt
    this.nameStop = nameStop
    this.at = at
    this.stop = stop
  }

  get dn(): string {
    return this.bytes.toString('utf8', this.nameAt, this.nameStop)
  }
}

/** Shows the places of each attribute's name and of its values. */
export function eachAttribute(
  { bytes, at, stop }: RawEntry, visit: (nameAt: number, nameStop: number, valuesAt: number, valuesStop: number) => void,
): void {
  const attribute: Cursor = { bytes, tag: 0, at: 0, stop: at }
  const part: Cursor = { bytes, tag: 0, at: 0, stop: 0 }
  while (attribute.stop < stop) {
    next(attribute)
    part.stop = attribute.at
    const { at: nameAt, stop: nameStop } = next(part)
    const { at: valuesAt, stop: valuesStop } = next(part)
    visit(nameAt, nameStop, valuesAt, valuesStop)
  }
}

/** All attributes: descriptions in the server's spelling, values as bytes. */
export function attributesOf(entry: RawEntry): [name: string, values: Buffer[]][] {
  const attributes: [string, Buffer[]][] = []
  eachAttribute(entry, (nameAt, nameStop, valuesAt, valuesStop) => {
    attributes.push([entry.bytes.toString('latin1', nameAt, nameStop), valuesIn(entry.bytes, valuesAt, valuesStop)])
  })
  return attributes
}

/** The values between two places. */
export function valuesIn(bytes: Buffer, at: number, stop: number): Buffer[] {
  const values: Buffer[] = []
  const value: Cursor = { bytes, tag: 0, at: 0, stop: at }
  while (value.stop < stop) values.push(octets(next(value)))
  return values
}

/** The end of an operation; the cursor stands on it, and controls may follow within `end`. */
export function readResult(operation: Cursor, end: number): LdapResult {
  const part = inside(operation)
  const code = integer(part)
  const matchedDn = text(next(part))
  const words = text(next(part))
  const referrals = part.stop < operation.stop && next(part).tag === tags.referral
    ? readOctets(part).map((uri) => uri.toString('utf8'))
    : []
  return { code, matchedDn, words, referrals, controls: readControls(operation, end) }
}

/** The addresses in a search result reference. */
export function readReference(operation: Cursor): string[] {
  return readOctets(operation).map((uri) => uri.toString('utf8'))
}

function readControls(operation: Cursor, end: number): Map<string, Buffer> {
  const controls = new Map<string, Buffer>()
  if (operation.stop >= end) return controls
  const list = next({ ...operation })
  if (list.tag !== tags.controls) return controls
  for (let at = list.at; at < list.stop;) {
    const control = element(list.bytes, at)
    at = control.stop
    const part = inside(control)
    const oid = text(part)
    let value = Buffer.alloc(0)
    while (part.stop < control.stop) if (next(part).tag === tags.octets) value = Buffer.from(octets(part))
    controls.set(oid, value)
  }
  return controls
}

function readOctets({ bytes, at, stop }: Cursor): Buffer[] {
  return valuesIn(bytes, at, stop)
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new Error('the answer is not LDAP: it ends too early')
  return byte
}
