/** From entries as they came to records as the engine knows them. */
import { UsherError } from '../../domain/errors.ts'
import type { Attributes } from '../../domain/value.ts'
import type { ObservedRecord, ReadScope } from '../connector.ts'
import { canonicalDn, nameOfDn, parentOf } from './dn.ts'
import type { LdapConfig } from './ldap-config.ts'
import { eachAttribute, element, octets, valuesIn } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { codecOf, describe, isProtectedName, passwordAttributes } from './ldap-profile.ts'
import type { LdapType, Profile } from './ldap-profile.ts'
import { decodeValues } from './ldap-values.ts'
import type { Codec } from './ldap-values.ts'

export interface RecordReader {
  /** What to ask the server for. */
  attributes: string[]
  toRecord(entry: RawEntry): ObservedRecord
}

/** An attribute as it is read; without a name it is not part of the record. */
interface Column {
  name?: string
  codec: Codec
  multiValued: boolean
  isId: boolean
}

/** Prepares the way for many entries of one type: which attributes, and how each of them is read. */
export function recordReader(
  config: LdapConfig, profile: Profile, type: LdapType, scope: ReadScope, disabled?: ReadonlySet<string>,
): RecordReader {
  const wanted = (scope.attributes?.[type.name] ?? type.description.attributes.map(({ name }) => name))
    .filter((name) => !passwordAttributes.has(name.toLowerCase()))
  const columns = new Map<string, Column>()
  for (const name of wanted) {
    if (name !== 'container') columns.set(name.toLowerCase(), columnFor(profile, type, name))
  }
  const idColumn = columns.get(profile.idAttribute.toLowerCase()) ?? { codec: codecOf(profile, type, profile.idAttribute), multiValued: false, isId: true }
  columns.set(profile.idAttribute.toLowerCase(), idColumn)
  const columnAt = bySpelling(columns)
  const wantsContainer = wanted.includes('container')
  const rdn = columns.get(type.rdn.toLowerCase())?.name
  const hasState = profile.stateAttributes[type.name].length > 0

  return {
    attributes: [...new Set([profile.idAttribute, ...profile.stateAttributes[type.name], ...wanted.filter((name) => name !== 'container')])],
    toRecord(entry) {
      const { bytes } = entry
      const attributes: Attributes = {}
      let id = ''
      eachAttribute(entry, (nameAt, nameStop, valuesAt, valuesStop) => {
        const column = columnAt(bytes, nameAt, nameStop)
        if (!column || valuesAt === valuesStop) return
        const first = element(bytes, valuesAt)
        if (column.isId) id = profile.decodeId(octets(first))
        if (column.name === undefined) return
        const value = first.stop === valuesStop && !column.multiValued
          ? column.codec.decode(octets(first))
          : decodeValues(column.codec, valuesIn(bytes, valuesAt, valuesStop), column.multiValued)
        if (value !== undefined) attributes[column.name] = value
      })
      if (id === '') throw missingId(entry, profile)
      const name = canonicalDn(entry.dn)
      if (wantsContainer) attributes.container = parentOf(name)
      if (rdn !== undefined) nameInto(attributes, rdn, name)
      const record: ObservedRecord = { objectType: type.name, id, name, attributes }
      if (type.name === 'user') record.enabled = (hasState ? profile.enabled(entry) : undefined) ?? !disabled?.has(id)
      if ((hasState && profile.builtIn(entry)) || isProtectedName(config, name)) record.protected = true
      return record
    },
  }
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
function bySpelling(columns: Map<string, Column>): (bytes: Buffer, at: number, stop: number) => Column | undefined {
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

/** Of several values the one in the name is meant. */
function nameInto(attributes: Attributes, rdn: string, dn: string): void {
  const found = attributes[rdn]
  if (typeof found === 'string' && dn.startsWith(found, rdn.length + 1) && dn[rdn.length + 1 + found.length] === ',' && dn[rdn.length] === '=') return
  const { attribute, value } = nameOfDn(dn)
  if (attribute.toLowerCase() === rdn.toLowerCase()) attributes[rdn] = value
}

function missingId(entry: RawEntry, profile: Profile): UsherError {
  const message = `${entry.dn} came without ${profile.idAttribute}; the account that Usher uses may not read it`
  return new UsherError('SYSTEM_RIGHT_MISSING', message)
}
