/** What differs between products, as data and a few small functions. */
import { AndFilter, EqualityFilter, FilterParser, OrFilter, PresenceFilter } from 'ldapts'
import type { Control, Filter } from 'ldapts'
import type { AttributeDescription, ObjectType } from '../connector.ts'
import type { Attributes } from '../../domain/value.ts'
import { dnKey } from './dn.ts'
import type { LdapConfig } from './ldap-config.ts'
import { eachAttribute, valuesIn } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { codecFor } from './ldap-values.ts'
import type { Codec } from './ldap-values.ts'

export interface LdapType {
  name: 'user' | 'group'
  description: ObjectType
  base: string
  /** Entries of this type, whatever the configuration narrows them to. */
  filter: Filter
  /** The configuration's own filter, for full reads. */
  extraFilter?: Filter
  /** The attribute in the entry's relative name. */
  rdn: string
  /** Classes of a new entry with these attributes. */
  objectClasses(attributes: Attributes): string[]
}

export interface Profile {
  types: Record<'user' | 'group', LdapType>
  idAttribute: string
  decodeId(bytes: Buffer): string
  idFilter(id: string): Filter
  /** Finds an entry by its DN among others. */
  nameFilter(dn: string): Filter
  /** Goes with each search. */
  searchControls(): Control[]
  /** Attributes whose values are neither text nor what their description says. */
  codecs: Record<string, Codec>
  /** Where the directory notes when an entry was changed last, and by whom. */
  traceAttributes: { at: string; by?: string }
  /** Asked for with every entry, to fill `enabled` and `protected`. */
  stateAttributes: Record<'user' | 'group', string[]>
  enabled(entry: RawEntry): boolean | undefined
  /** Built in, or otherwise never to be touched. */
  builtIn(entry: RawEntry): boolean
}

/** Passwords go through `set-secret`; as an attribute they are never read and never written. */
export const passwordAttributes = new Set(['userpassword', 'unicodepwd', 'dbcspwd', 'ntpwdhistory', 'lmpwdhistory', 'authpassword'])

export function valuesOf(entry: RawEntry, attribute: string): Buffer[] {
  const wanted = attribute.toLowerCase()
  let found: Buffer[] | undefined
  eachAttribute(entry, (nameAt, nameStop, valuesAt, valuesStop) => {
    if (found !== undefined || nameStop - nameAt !== wanted.length) return
    const name = entry.bytes.toString('latin1', nameAt, nameStop)
    if (name === attribute || name.toLowerCase() === wanted) found = valuesIn(entry.bytes, valuesAt, valuesStop)
  })
  return found ?? []
}

export function textOf(entry: RawEntry, attribute: string): string | undefined {
  return valuesOf(entry, attribute)[0]?.toString('utf8')
}

export function equals(attribute: string, value: string | Buffer): Filter {
  return new EqualityFilter({ attribute, value })
}

export function present(attribute: string): Filter {
  return new PresenceFilter({ attribute })
}

export function anyOf(filters: Filter[]): Filter {
  return filters.length === 1 ? filters[0]! : new OrFilter({ filters })
}

export function allOf(...filters: (Filter | undefined)[]): Filter {
  const given = filters.filter((filter) => filter !== undefined)
  return given.length === 1 ? given[0]! : new AndFilter({ filters: given })
}

export function parseFilter(text: string | undefined): Filter | undefined {
  return text === undefined ? undefined : FilterParser.parseString(text)
}

/** The codec of an attribute, described or not. */
export function codecOf(profile: Profile, type: LdapType, attribute: string): Codec {
  const wanted = attribute.toLowerCase()
  const known = profile.codecs[wanted]
  if (known) return known
  return codecFor(describe(type, attribute)?.type ?? 'text')
}

export function describe(type: LdapType, attribute: string): AttributeDescription | undefined {
  const wanted = attribute.toLowerCase()
  return type.description.attributes.find(({ name }) => name.toLowerCase() === wanted)
}

/** Whether the configuration says that this name is never touched. */
export function isProtectedName(config: LdapConfig, dn: string): boolean {
  return config.protected.length > 0 && patternOf(config).test(dnKey(dn))
}

const patterns = new WeakMap<LdapConfig, RegExp>()

function patternOf(config: LdapConfig): RegExp {
  const known = patterns.get(config)
  if (known) return known
  const alternatives = config.protected.map((pattern) => pattern.split('*').map((part) => dnPart(part)).join('.*'))
  const made = new RegExp(`^(?:${alternatives.join('|')})$`, 's')
  patterns.set(config, made)
  return made
}

function dnPart(part: string): string {
  return RegExp.escape(dnKey(part))
}
