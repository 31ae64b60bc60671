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

const codeOf = (letter: string): number => letter.charCodeAt(0)
const zero = codeOf('0')
const space = codeOf(' ')
const quote = codeOf('"')
const comma = codeOf(',')
const lessThan = codeOf('<')
const equals = codeOf('=')
const brace = codeOf('{')
const endBrace = codeOf('}')
const control = Array.from({ length: space }, (_, code) => String.fromCharCode(code)).join('')
/** What JSON does not have as it is. */
const isEscaped = tableOf(`${control}"\\`)
/** What may mean something else in a name than itself (see `canonicalDn`). */
const isSpecial = tableOf(`${control}\\"<>;#`)
const separates = tableOf(',=+')

function textWriter(reading: Reading, known: KnownAccounts): { names: string[], write(entry: RawEntry): Written | undefined } {
  const { profile, columns } = reading
  const named: { name: string, column?: Column }[] = columns.all.flatMap((column) => (column.name === undefined ? [] : [{ name: column.name, column }]))
  if (columns.wantsContainer) named.push({ name: 'container' })
  const order = named.sort((a, b) => asJsonb(a.name, b.name)).map(({ name, column }) => ({ column, key: Buffer.from(`, ${JSON.stringify(name)}: `) }))
  const keysLength = order.reduce((sum, { key }) => sum + key.length, 0)
  const rdn = columns.rdn?.name === undefined ? undefined : { column: columns.rdn, length: columns.rdn.name.length }

  let entry: RawEntry
  let id = ''
  /** Where the values of each column are; 0: nowhere. */
  const from = new Uint32Array(columns.all.length)
  const stop = new Uint32Array(columns.all.length)
  const filled = new Uint8Array(order.length)
  let text = Buffer.alloc(4096)
  let at = 0

  const visit = (nameAt: number, nameStop: number, valuesAt: number, valuesStop: number): void => {
    const column = columns.at(entry.bytes, nameAt, nameStop)
    if (column === undefined || valuesAt === valuesStop) return
    if (column.isId) id = profile.decodeId(octets(element(entry.bytes, valuesAt)))
    from[column.number] = valuesAt
    stop[column.number] = valuesStop
  }
  /** So much more may be written than all keys and the entry's own bytes, its name twice. */
  const room = (more: number): void => {
    const needed = at + more + keysLength + 2 * (entry.stop - entry.nameAt) + 8 * order.length + 8
    if (needed > text.length) text = Buffer.concat([text], needed * 2)
  }
  /** The bytes between two places, as long as JSON has them as they are. */
  const copyPlain = (bytes: Buffer, begin: number, end: number): boolean => {
    const target = text
    let to = at
    for (let i = begin; i < end; i++) {
      const byte = bytes[i]!
      if (isEscaped[byte] === 1) return false
      target[to++] = byte
    }
    at = to
    return true
  }
  const copyKey = (key: Buffer, begin: number): void => {
    const target = text
    let to = at
    for (let i = begin; i < key.length; i++) target[to++] = key[i]!
    at = to
  }
  const copyQuoted = (begin: number, end: number): boolean => {
    const start = at
    text[at++] = quote
    const isPlain = copyPlain(entry.bytes, begin, end)
    if (isPlain) text[at++] = quote
    else at = start
    return isPlain
  }
  /** false: there is no value after all. */
  const writeValue = (column: Column, valuesAt: number, valuesStop: number): boolean => {
    const { bytes } = entry
    const { at: begin, stop: end } = element(bytes, valuesAt)
    // A name that came with its ids is the name alone.
    if (column.codec === textCodec && !column.multiValued && end === valuesStop && bytes[begin] !== lessThan && copyQuoted(begin, end)) return true
    const value = valueOf(column, bytes, valuesAt, valuesStop)
    if (value === undefined) return false
    const written = shownValue(value)
    room(written.length * 3)
    at += text.write(written, at)
    return true
  }

  return {
    names: named.map(({ name }) => name),
    write(next) {
      entry = next
      const parent = parentIn(next)
      if (parent === undefined) return undefined
      id = ''
      for (let i = 0; i < from.length; i++) from[i] = 0
      eachAttribute(next, visit)
      if (id === '' || (rdn !== undefined && !isInName(rdn.column, rdn.length, next, from[rdn.column.number]!, stop[rdn.column.number]!))) return undefined
      at = 0
      room(0)
      text[at++] = isEnabled(reading, next, id) ? zero + 1 : zero
      text[at++] = isProtected(reading, next, () => next.dn) || known.isProtected?.(id, next.dn) === true ? zero + 1 : zero
      text[at++] = brace
      let isFirst = true
      for (let n = 0; n < order.length; n++) {
        const { column, key } = order[n]!
        filled[n] = 0
        if (column !== undefined && from[column.number] === 0) continue
        const begin = at
        copyKey(key, isFirst ? 2 : 0)
        if (column === undefined ? copyQuoted(parent, next.nameStop) : writeValue(column, from[column.number]!, stop[column.number]!)) {
          filled[n] = 1
          isFirst = false
        } else at = begin
      }
      text[at++] = endBrace
      copyPlain(next.bytes, next.nameAt, next.nameStop)
      return { id, text: text.subarray(0, at), filled }
    },
  }
}

/** Where the name of the entry above begins; undefined where the name needs a closer look. */
function parentIn({ bytes, nameAt, nameStop }: RawEntry): number | undefined {
  let parent = nameStop
  let before = comma
  for (let i = nameAt; i < nameStop; i++) {
    const byte = bytes[i]!
    if (isSpecial[byte] === 1) return undefined
    if ((byte === space && separates[before] === 1) || (before === space && separates[byte] === 1)) return undefined
    if (byte === comma && parent === nameStop) parent = i + 1
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
  for (const letter of letters) table[codeOf(letter)] = 1
  return table
}
