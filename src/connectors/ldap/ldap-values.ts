/** Values between the directory's bytes and ours. */
import { isUtf8 } from 'node:buffer'
import type { AttributeDescription } from '../connector.ts'
import type { Value } from '../../domain/value.ts'

/** How one attribute's values are read and written. */
export interface Codec {
  /** undefined: the directory's way of saying that there is no value. */
  decode(bytes: Buffer): string | number | boolean | undefined
  encode(value: string | number | boolean): string | Buffer
  /** What is written for "no value" where the directory does not let the attribute go. */
  readonly none?: string
}

/** Text; bytes that are no text become base64. A name that came with its ids is the name. */
export const textCodec: Codec = {
  decode(bytes) {
    const text = bytes.toString('utf8')
    if (text.startsWith('<GUID=')) return splitExtendedDn(text).dn
    return text.includes('\uFFFD') && !isUtf8(bytes) ? bytes.toString('base64') : text
  },
  encode: String,
}

const numberCodec: Codec = {
  decode: (bytes) => Number(bytes.toString('latin1')),
  encode: String,
}

const booleanCodec: Codec = {
  decode: (bytes) => bytes.toString('latin1') === 'TRUE',
  encode: (value) => (value === true || value === 'true' ? 'TRUE' : 'FALSE'),
}

/** `20261121120000Z` */
const generalizedTimeCodec: Codec = {
  decode(bytes) {
    const text = bytes.toString('latin1')
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?Z$/.exec(text) ?? []
    return y === undefined ? text : `${y}-${mo}-${d}T${h}:${mi}:${s ?? '00'}Z`
  },
  encode: (value) => `${instant(value).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`,
}

/** Active Directory's instants: tenths of a microsecond since 1601. Zero and the largest number mean never. */
export const fileTimeCodec: Codec = {
  decode(bytes) {
    const ticks = BigInt(bytes.toString('latin1'))
    if (ticks <= 0n || ticks >= 0x7fffffffffffffffn) return undefined
    return new Date(Number(ticks / 10_000n) - epochMs).toISOString().replace('.000Z', 'Z')
  },
  encode: (value) => String(BigInt(instant(value).getTime() + epochMs) * 10_000n),
  none: '9223372036854775807',
}
const epochMs = 11_644_473_600_000

/** `S-1-5-21-…` */
export const sidCodec: Codec = {
  decode(bytes) {
    const parts = [bytes.readUInt8(0), bytes.readUIntBE(2, 6)]
    for (let at = 8; at + 4 <= bytes.length; at += 4) parts.push(bytes.readUInt32LE(at))
    return `S-${parts.join('-')}`
  },
  encode: String,
}

/** A GUID's sixteen bytes in Active Directory's order ↔ `xxxxxxxx-xxxx-…` in lower case. */
export const guidCodec = {
  decode(bytes: Buffer): string {
    const hex = Buffer.from(bytes)
    hex.subarray(0, 4).reverse()
    hex.subarray(4, 6).reverse()
    hex.subarray(6, 8).reverse()
    return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  },
  encode(guid: string): Buffer {
    const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex')
    bytes.subarray(0, 4).reverse()
    bytes.subarray(4, 6).reverse()
    bytes.subarray(6, 8).reverse()
    return bytes
  },
}

/** With the control that adds ids to names, `<GUID=…>;<SID=…>;CN=…` comes: the id and the name. */
export function splitExtendedDn(text: string): { guid?: string, dn: string } {
  if (!text.startsWith('<GUID=')) return { dn: text }
  const [, guid, dn] = /^<GUID=([^>]*)>;(?:<SID=[^>]*>;)?(.*)$/s.exec(text) ?? []
  return guid === undefined || dn === undefined ? { dn: text } : { guid, dn }
}

/** The usual codec for an attribute of this type. */
export function codecFor(type: AttributeDescription['type']): Codec {
  if (type === 'number') return numberCodec
  if (type === 'boolean') return booleanCodec
  if (type === 'instant') return generalizedTimeCodec
  return textCodec
}

/** All values of an attribute: a list where it is multi-valued or several are there. */
export function decodeValues(codec: Codec, values: Buffer[], multiValued: boolean): Value | undefined {
  if (values.length === 1 && !multiValued) return codec.decode(values[0]!)
  const all = values.map((value) => codec.decode(value)).filter((value) => value !== undefined)
  if (all.length === 0) return undefined
  return all.map(String)
}

/** The values to send; none for an empty text or list, which a directory cannot hold. */
export function encodeValues(codec: Codec, value: Value): (string | Buffer)[] {
  const list = Array.isArray(value) ? value : [value]
  return list.filter((one) => one !== '').map((one) => codec.encode(one))
}

function instant(value: string | number | boolean): Date {
  const date = typeof value === 'string' && value.includes('T') ? new Date(value) : undefined
  if (!date || Number.isNaN(date.getTime())) {
    throw new TypeError(`"${value}" is not an instant such as 2026-11-21T17:00:00Z`)
  }
  return date
}
