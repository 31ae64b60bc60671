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
  for (const name of wanted) {
    if (name !== 'container') columns.set(name.toLowerCase(), columnFor(profile, type, name))
  }
  const id = profile.idAttribute.toLowerCase()
  columns.set(id, columns.get(id) ?? { codec: codecOf(profile, type, profile.idAttribute), multiValued: false, isId: true })
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

function columnFor(profile: Profile, type: LdapType, name: string): Column {
  return {
    name, codec: codecOf(profile, type, name), multiValued: describe(type, name)?.multiValued ?? false,
    isId: name.toLowerCase() === profile.idAttribute.toLowerCase(),
  }
}

/**
 * Finds the column for a name in the bytes without making text of it: a server spells an attribute the same way each time,
 * so the spellings met are kept by length and last letters.
 */
function bySpelling(columns: Map<string, Column>): Columns['at'] {
  const met = new Map<number, { spelling: Buffer, column: Column | undefined }[]>()
  return (bytes, at, stop) => {
    const key = (stop - at) * 65_536 + (bytes[stop - 1] ?? 0) * 256 + (bytes[at] ?? 0)
    const candidates = met.get(key)
    if (candidates) {
      for (const { spelling, column } of candidates) if (sameBytes(spelling, bytes, at)) return column
    }
    const spelling = Buffer.from(bytes.subarray(at, stop))
    const column = columns.get(spelling.toString('latin1').toLowerCase())
    met.set(key, [...candidates ?? [], { spelling, column }])
    return column
  }
}

function sameBytes(spelling: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < spelling.length; i++) if (spelling[i] !== bytes[at + i]) return false
  return true
}
