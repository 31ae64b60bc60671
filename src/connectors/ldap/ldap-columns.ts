/** How the attributes of entries of one type are read: which are wanted, and what each of them means. */
import type { Value } from '../../domain/value.ts'
import type { ReadScope } from '../connector.ts'
import { element, octets, valuesIn } from './ldap-decode.ts'
import { codecOf, describe, passwordAttributes } from './ldap-profile.ts'
import type { LdapType, Profile } from './ldap-profile.ts'
import { decodeValues } from './ldap-values.ts'
import type { Codec } from './ldap-values.ts'

/** An attribute as it is read; without a name it is not part of the record. */
export interface Column {
  /** Its place among all. */
  number: number
  name?: string
  codec: Codec
  multiValued: boolean
  isId: boolean
}

export interface Columns {
  /** What to ask the server for. */
  attributes: string[]
  all: Column[]
  /** The one for a name that stands between two places. */
  at(bytes: Buffer, from: number, stop: number): Column | undefined
  wantsContainer: boolean
  /** The one that is in the entry's relative name. */
  rdn: Column | undefined
}

export function columnsOf(profile: Profile, type: LdapType, scope: ReadScope): Columns {
  const wanted = (scope.attributes?.[type.name] ?? type.description.attributes.map(({ name }) => name))
    .filter((name) => !passwordAttributes.has(name.toLowerCase()))
  const columns = new Map<string, Column>()
  const id = profile.idAttribute.toLowerCase()
  for (const name of wanted) {
    const key = name.toLowerCase()
    if (name === 'container') continue
    columns.set(key, {
      number: columns.get(key)?.number ?? columns.size, name, codec: codecOf(profile, type, name), multiValued: describe(type, name)?.multiValued ?? false, isId: key === id,
    })
  }
  columns.set(id, columns.get(id) ?? { number: columns.size, codec: codecOf(profile, type, profile.idAttribute), multiValued: false, isId: true })
  return {
    attributes: [...new Set([profile.idAttribute, ...profile.stateAttributes[type.name], ...wanted.filter((name) => name !== 'container')])],
    all: [...columns.values()], at: bySpelling(columns), wantsContainer: wanted.includes('container'), rdn: columns.get(type.rdn.toLowerCase()),
  }
}

/** Of values between two places, of which there is one at least. */
export function valueOf({ codec, multiValued }: Column, bytes: Buffer, at: number, stop: number): Value | undefined {
  const first = element(bytes, at)
  return first.stop === stop && !multiValued ? codec.decode(octets(first)) : decodeValues(codec, valuesIn(bytes, at, stop), multiValued)
}

/** A name as a server spells it, and the one that followed it last. */
interface Spelling {
  bytes: Buffer
  column: Column | undefined
  then?: Spelling
}

/**
 * Finds the column for a name in the bytes without making text of it: a server spells an attribute the same way each time,
 * and mostly has them in the same order, so the spellings met are kept.
 */
function bySpelling(columns: Map<string, Column>): Columns['at'] {
  const met = new Map<string, Spelling>()
  let before: Spelling | undefined
  return (bytes, at, stop) => {
    let spelling = before?.then
    if (spelling === undefined || spelling.bytes.length !== stop - at || !sameBytes(spelling.bytes, bytes, at)) {
      const text = bytes.toString('latin1', at, stop)
      spelling = met.get(text)
      if (spelling === undefined) {
        spelling = { bytes: Buffer.from(bytes.subarray(at, stop)), column: columns.get(text.toLowerCase()) }
        met.set(text, spelling)
      }
      if (before !== undefined) before.then = spelling
    }
    before = spelling
    return spelling.column
  }
}

function sameBytes(spelling: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < spelling.length; i++) if (spelling[i] !== bytes[at + i]) return false
  return true
}
