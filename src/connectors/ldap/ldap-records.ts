/** From entries as they came to records as the engine knows them. */
import { UsherError } from '../../domain/errors.ts'
import type { Attributes } from '../../domain/value.ts'
import type { ObservedRecord } from '../connector.ts'
import { canonicalDn, nameOfDn, parentOf } from './dn.ts'
import { valueOf } from './ldap-columns.ts'
import type { Columns } from './ldap-columns.ts'
import type { LdapConfig } from './ldap-config.ts'
import { eachAttribute, element, octets } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { isProtectedName } from './ldap-profile.ts'
import type { LdapType, Profile } from './ldap-profile.ts'

/** What entries of one type are read with. */
export interface Reading {
  config: LdapConfig
  profile: Profile
  type: LdapType
  columns: Columns
  /** Ids of users whose entry does not say so itself. */
  disabled?: ReadonlySet<string> | undefined
}

/** Prepares the way for many entries. */
export function recordReader(reading: Reading): (entry: RawEntry) => ObservedRecord {
  const { profile, type, columns } = reading
  const rdn = columns.rdn?.name
  return (entry) => {
    const { bytes } = entry
    const attributes: Attributes = {}
    let id = ''
    eachAttribute(entry, (nameAt, nameStop, valuesAt, valuesStop) => {
      const column = columns.at(bytes, nameAt, nameStop)
      if (!column || valuesAt === valuesStop) return
      if (column.isId) id = profile.decodeId(octets(element(bytes, valuesAt)))
      if (column.name === undefined) return
      const value = valueOf(column, bytes, valuesAt, valuesStop)
      if (value !== undefined) attributes[column.name] = value
    })
    if (id === '') throw missingId(entry, profile)
    const name = canonicalDn(entry.dn)
    if (columns.wantsContainer) attributes.container = parentOf(name)
    if (rdn !== undefined) nameInto(attributes, rdn, name)
    const record: ObservedRecord = { objectType: type.name, id, name, attributes }
    if (type.name === 'user') record.enabled = isEnabled(reading, entry, id)
    if (isProtected(reading, entry, () => name)) record.protected = true
    return record
  }
}

export function isEnabled({ profile, type, disabled }: Reading, entry: RawEntry, id: string): boolean {
  return (profile.stateAttributes[type.name].length > 0 ? profile.enabled(entry) : undefined) ?? (disabled === undefined || disabled.size === 0 || !disabled.has(id))
}

export function isProtected({ config, profile, type }: Reading, entry: RawEntry, name: () => string): boolean {
  return (profile.stateAttributes[type.name].length > 0 && profile.builtIn(entry)) || (config.protected.length > 0 && isProtectedName(config, name()))
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
