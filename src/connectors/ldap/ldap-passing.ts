/**
 * Passes over entries of accounts that are as they are known: hardly one of a hundred thousand is not, and making records of
 * them was most of the work of a read. Their text (`domain/shown.ts`) is written straight from the entries' bytes. What is out
 * of the ordinary is left to be made a record of; so is what has another text, for whatever reason.
 */
import { asJsonb, shownValue } from '../../domain/shown.ts'
import type { KnownAccounts, Page } from '../connector.ts'
import { valueOf } from './ldap-columns.ts'
import type { Column } from './ldap-columns.ts'
import { eachAttribute, element, octets } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { isEnabled, isProtected } from './ldap-records.ts'
import type { Reading } from './ldap-records.ts'
import { textCodec } from './ldap-values.ts'

/** What is left of a page, and what was passed over. */
export interface Sieved {
  entries: RawEntry[]
  passed: NonNullable<Page['passed']>
}

/** For accounts of one type, page by page. */
export function sieve(reading: Reading, known: KnownAccounts): (entries: RawEntry[]) => Sieved {
  const writer = textWriter(reading, known)
  return (entries) => {
    const filled = new Float64Array(writer.names.length)
    const left = entries.filter((entry) => {
      const account = writer.write(entry)
      if (account === undefined || !known.pass(reading.type.name, account.id, account.text)) return true
      for (let i = 0; i < filled.length; i++) filled[i]! += account.filled[i]!
      return false
    })
    const passed = { count: entries.length - left.length, filled: Object.fromEntries(writer.names.map((name, i) => [name, filled[i]!])) }
    return { entries: left, passed }
  }
}

interface Written {
  id: string
  /** Lasts until the next one is written. */
  text: Uint8Array
  /** 1 for each attribute that has a value. */
  filled: Uint8Array
}

const [firstPrintable, space, quote, comma, lessThan, equals, backslash] = [0x20, 0x20, 0x22, 0x2c, 0x3c, 0x3d, 0x5c]
/** What may mean something else in a name than itself (see `canonicalDn`). */
const isSpecial = tableOf('\\"<>;#')
const separates = tableOf(',=+')

function textWriter(reading: Reading, known: KnownAccounts): { names: string[], write(entry: RawEntry): Written | undefined } {
  const { profile, columns } = reading
  const named: { name: string, column?: Column }[] = columns.all.flatMap((column) => (column.name === undefined ? [] : [{ name: column.name, column }]))
  if (columns.wantsContainer) named.push({ name: 'container' })
  const order = named.sort((a, b) => asJsonb(a.name, b.name)).map(({ name, column }) => ({ column, key: Buffer.from(`${JSON.stringify(name)}: `) }))
  const numbers = new Map(columns.all.map((column) => [column, order.findIndex((one) => one.column === column)]))
  const rdn = columns.rdn?.name === undefined ? undefined : { column: columns.rdn, number: numbers.get(columns.rdn)!, length: columns.rdn.name.length }

  let entry: RawEntry
  let id = ''
  /** Where the values of each attribute are; 0: nowhere. */
  const from = new Uint32Array(order.length)
  const stop = new Uint32Array(order.length)
  const filled = new Uint8Array(order.length)
  let text = Buffer.alloc(4096)
  let at = 0

  const visit = (nameAt: number, nameStop: number, valuesAt: number, valuesStop: number): void => {
    const column = columns.at(entry.bytes, nameAt, nameStop)
    if (column === undefined || valuesAt === valuesStop) return
    if (column.isId) id = profile.decodeId(octets(element(entry.bytes, valuesAt)))
    const number = numbers.get(column)!
    if (number < 0) return
    from[number] = valuesAt
    stop[number] = valuesStop
  }
  /** So much may be written, and the quotes and commas around it. */
  const room = (size: number): void => {
    if (at + size + 8 > text.length) text = Buffer.concat([text], (at + size + 8) * 2)
  }
  /** The bytes between two places, as long as JSON has them as they are. */
  const copyPlain = (begin: number, end: number): boolean => {
    const { bytes } = entry
    room(end - begin)
    for (let i = begin; i < end; i++) {
      const byte = bytes[i]!
      if (byte < firstPrintable || byte === quote || byte === backslash) return false
      text[at + i - begin] = byte
    }
    at += end - begin
    return true
  }
  const writeText = (value: string): void => {
    room(value.length * 3)
    at += text.write(value, at)
  }
  const writeQuoted = (begin: number, end: number): boolean => {
    const start = at
    text[at++] = quote
    if (copyPlain(begin, end)) {
      text[at++] = quote
      return true
    }
    at = start
    return false
  }

  return {
    names: named.map(({ name }) => name),
    write(next) {
      entry = next
      const { bytes, nameAt, nameStop } = next
      const parent = parentIn(bytes, nameAt, nameStop)
      if (parent === undefined) return undefined
      id = ''
      from.fill(0)
      filled.fill(0)
      eachAttribute(next, visit)
      if (id === '' || (rdn !== undefined && !isInName(rdn.column, rdn.length, next, from[rdn.number]!, stop[rdn.number]!))) return undefined
      at = 0
      const isToBeLeft = isProtected(reading, next, () => next.dn) || known.isProtected?.(id, next.dn) === true
      writeText(`${isEnabled(reading, next, id) ? 1 : 0}${isToBeLeft ? 1 : 0}{`)
      let isFirst = true
      for (let number = 0; number < order.length; number++) {
        const { column, key } = order[number]!
        if (column !== undefined && from[number] === 0) continue
        const begin = at
        room(key.length)
        if (!isFirst) {
          text[at++] = comma
          text[at++] = space
        }
        for (let i = 0; i < key.length; i++) text[at++] = key[i]!
        if (column === undefined ? writeQuoted(parent, nameStop) : writeValue(column, from[number]!, stop[number]!)) {
          filled[number] = 1
          isFirst = false
        } else at = begin
      }
      writeText('}')
      if (!copyPlain(nameAt, nameStop)) return undefined
      return { id, text: text.subarray(0, at), filled }
    },
  }

  /** false: there is no value after all. */
  function writeValue(column: Column, valuesAt: number, valuesStop: number): boolean {
    const { bytes } = entry
    const { at: begin, stop: end } = element(bytes, valuesAt)
    // A name that came with its ids is the name alone.
    if (column.codec === textCodec && !column.multiValued && end === valuesStop && bytes[begin] !== lessThan && writeQuoted(begin, end)) return true
    const value = valueOf(column, bytes, valuesAt, valuesStop)
    if (value === undefined) return false
    writeText(shownValue(value))
    return true
  }
}

/** Where the name of the entry above begins; undefined where the name needs a closer look. */
function parentIn(bytes: Buffer, from: number, stop: number): number | undefined {
  let parent = stop
  let before = comma
  for (let i = from; i < stop; i++) {
    const byte = bytes[i]!
    if (byte < firstPrintable || isSpecial[byte] === 1) return undefined
    if ((byte === space && separates[before] === 1) || (before === space && separates[byte] === 1)) return undefined
    if (byte === comma && parent === stop) parent = i + 1
    before = byte
  }
  return before === space ? undefined : parent
}

/** Whether the only value is the one in the entry's name. */
function isInName(column: Column, nameLength: number, { bytes, nameAt }: RawEntry, valuesAt: number, valuesStop: number): boolean {
  if (valuesAt === 0 || column.multiValued || column.codec !== textCodec) return false
  const value = element(bytes, valuesAt)
  const start = nameAt + nameLength + 1
  const end = start + value.stop - value.at
  if (value.stop !== valuesStop || bytes[start - 1] !== equals || bytes[end] !== comma) return false
  for (let i = 0; start + i < end; i++) if (bytes[start + i] !== bytes[value.at + i]) return false
  return true
}

function tableOf(letters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const letter of letters) table[letter.charCodeAt(0)] = 1
  return table
}
