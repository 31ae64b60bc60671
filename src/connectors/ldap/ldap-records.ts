/** From entries as they came to records as the engine knows them. */
import { UsherError } from '../../domain/errors.ts'
import type { ObservedRecord, ReadScope } from '../connector.ts'
import type { Attributes } from '../../domain/value.ts'
import { canonicalDn, nameOfDn, parentOf } from './dn.ts'
import type { LdapConfig } from './ldap-config.ts'
import type { RawEntry } from './ldap-decode.ts'
import { codecOf, describe, isProtectedName, passwordAttributes, valuesOf } from './ldap-profile.ts'
import type { LdapType, Profile } from './ldap-profile.ts'
import { decodeValues } from './ldap-values.ts'
import type { Codec } from './ldap-values.ts'

export interface RecordReader {
  /** What to ask the server for. */
  attributes: string[]
  toRecord(entry: RawEntry): ObservedRecord
}

interface Column {
  name: string
  codec: Codec
  multiValued: boolean
}

/** Prepares the way for many entries of one type: which attributes, and how each of them is read. */
export function recordReader(
  config: LdapConfig, profile: Profile, type: LdapType, scope: ReadScope, disabled?: ReadonlySet<string>,
): RecordReader {
  const wanted = (scope.attributes?.[type.name] ?? type.description.attributes.map(({ name }) => name))
    .filter((name) => !passwordAttributes.has(name.toLowerCase()))
  const columns = new Map<string, Column>()
  for (const name of wanted) {
    if (name === 'container') continue
    columns.set(name.toLowerCase(), { name, codec: codecOf(profile, type, name), multiValued: describe(type, name)?.multiValued ?? false })
  }
  // The server spells an attribute the same way each time; undefined: not wanted.
  const spelled = new Map<string, Column | undefined>()
  const columnOf = (name: string): Column | undefined => {
    if (spelled.has(name)) return spelled.get(name)
    const column = columns.get(name.toLowerCase())
    spelled.set(name, column)
    return column
  }
  const wantsContainer = wanted.includes('container')
  const rdnColumn = columns.get(type.rdn.toLowerCase())

  return {
    attributes: [...new Set([profile.idAttribute, ...profile.stateAttributes[type.name], ...[...columns.values()].map(({ name }) => name)])],
    toRecord(entry) {
      const attributes: Attributes = {}
      for (const [name, values] of entry.attributes) {
        const column = columnOf(name)
        if (!column) continue
        const value = decodeValues(column.codec, values, column.multiValued)
        if (value !== undefined) attributes[column.name] = value
      }
      const name = canonicalDn(entry.dn)
      if (wantsContainer) attributes.container = parentOf(name)
      if (rdnColumn) nameInto(attributes, rdnColumn.name, name)
      const id = profile.decodeId(valuesOf(entry, profile.idAttribute)[0] ?? missingId(entry, profile))
      const record: ObservedRecord = { objectType: type.name, id, name, attributes }
      if (type.name === 'user') record.enabled = profile.enabled(entry) ?? !disabled?.has(id)
      if (profile.builtIn(entry) || isProtectedName(config, name)) record.protected = true
      return record
    },
  }
}

/** Of several values the one in the name is meant. */
function nameInto(attributes: Attributes, rdn: string, dn: string): void {
  if (typeof attributes[rdn] === 'string' && !dn.includes('\\')) {
    if (dn.startsWith(`${rdn}=${attributes[rdn]},`)) return
  }
  const { attribute, value } = nameOfDn(dn)
  if (attribute.toLowerCase() === rdn.toLowerCase()) attributes[rdn] = value
}

function missingId(entry: RawEntry, profile: Profile): never {
  const message = `${entry.dn} came without ${profile.idAttribute}; the account that Usher uses may not read it`
  throw new UsherError('SYSTEM_RIGHT_MISSING', message)
}
