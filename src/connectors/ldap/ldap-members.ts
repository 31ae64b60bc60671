/** Who is in a group, and which groups somebody is in. */
import type { Filter } from 'ldapts'
import type { ObservedMembership, ObservedRecord } from '../connector.ts'
import { canonicalDn, dnKey } from './dn.ts'
import type { LdapClient } from './ldap-client.ts'
import { groupsBase, usersBase } from './ldap-config.ts'
import type { LdapConfig } from './ldap-config.ts'
import { attributesOf } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { allOf, anyOf, equals, present, textOf, valuesOf } from './ldap-profile.ts'
import type { Profile } from './ldap-profile.ts'
import { splitExtendedDn } from './ldap-values.ts'

/** What reading needs to know. */
export interface Session {
  config: LdapConfig
  profile: Profile
  client: LdapClient
}

/** A record with the entry that it was made from. */
export interface Found {
  record: ObservedRecord
  entry: RawEntry
}

/** Attributes that hold members, asked for with each group. */
export function memberAttributes({ config }: Session): string[] {
  // Active Directory shows 1,500 values at most, and says which; asking for them by number makes every server do so.
  return config.profile === 'active-directory' ? ['member;range=0-1499'] : ['member', 'uniqueMember', 'memberUid']
}

/** Attributes in which an account says what it is in. */
export function heldAttributes({ config }: Session): string[] {
  return config.profile === 'active-directory' ? ['memberOf;range=0-1499'] : ['uid']
}

/** The name that stands in a groupOfNames without members. */
export function placeholderOf(config: LdapConfig): string {
  return config.groups.placeholder ?? `cn=nobody,${config.base}`
}

/** The members of these groups. A user named by `memberUid` is looked up, as only names tell accounts. */
export async function membersOf(session: Session, groups: Found[], signal: AbortSignal): Promise<ObservedMembership[]> {
  const memberships: ObservedMembership[] = []
  const byUid: { entitlementId: string, uid: string }[] = []
  const placeholder = dnKey(placeholderOf(session.config))
  const isPlaceholder = (name: string): boolean => name.length === placeholder.length && dnKey(name) === placeholder
  for (const { record, entry } of groups) {
    const names = session.config.profile === 'active-directory'
      ? await rangedValues(session, entry, 'member', signal)
      : [...valuesOf(entry, 'member'), ...valuesOf(entry, 'uniqueMember')]
    for (const bytes of names) {
      const name = canonicalDn(splitExtendedDn(bytes.toString('utf8')).dn)
      if (!isPlaceholder(name)) memberships.push({ entitlementId: record.id, member: { name } })
    }
    for (const uid of valuesOf(entry, 'memberUid')) byUid.push({ entitlementId: record.id, uid: uid.toString('utf8') })
  }
  const dns = await dnsOfUids(session, [...new Set(byUid.map(({ uid }) => uid))], signal)
  for (const { entitlementId, uid } of byUid) {
    memberships.push({ entitlementId, member: { name: dns.get(uid.toLowerCase()) ?? uid } })
  }
  return memberships
}

/** The groups that hold these accounts (or groups) directly. */
export async function heldBy(session: Session, found: Found[], signal: AbortSignal): Promise<ObservedMembership[]> {
  if (found.length === 0) return []
  return session.config.profile === 'active-directory' ? await heldByLinks(session, found, signal) : await heldBySearch(session, found, signal)
}

/** Each membership once; a member is given by id where it is among those found. */
export function oneEach(memberships: ObservedMembership[], found: Found[]): ObservedMembership[] {
  const ids = new Map(found.map(({ record }) => [dnKey(record.name), record.id]))
  const once = new Map<string, ObservedMembership>()
  for (const { entitlementId, member } of memberships) {
    const id = 'id' in member ? member.id : ids.get(dnKey(member.name))
    const key = `${entitlementId} ${id ?? ('name' in member ? dnKey(member.name) : '')}`
    once.set(key, { entitlementId, member: id === undefined ? member : { id } })
  }
  return [...once.values()]
}

/** In chunks that a server takes in one filter. */
export function chunked<T>(items: T[], size = 100): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size))
}

/** Active Directory keeps the way back by itself, with the groups' ids. */
async function heldByLinks(session: Session, found: Found[], signal: AbortSignal): Promise<ObservedMembership[]> {
  const memberships: ObservedMembership[] = []
  for (const { record, entry } of found) {
    for (const bytes of await rangedValues(session, entry, 'memberOf', signal)) {
      const { guid } = splitExtendedDn(bytes.toString('utf8'))
      if (guid !== undefined) memberships.push({ entitlementId: groupId(guid), member: { id: record.id } })
    }
  }
  return memberships
}

/** Elsewhere the groups are asked: for each account by the index, unless one question shows that nobody is in any. */
async function heldBySearch(session: Session, found: Found[], signal: AbortSignal): Promise<ObservedMembership[]> {
  const { client, config, profile } = session
  const groupsOf = async (some: Found[], limit?: number): Promise<RawEntry[]> => await client.search({
    what: `Read the groups of ${some.length === 1 ? some[0]!.record.name : `${some.length} accounts`}`,
    base: groupsBase(config), scope: 'sub', filter: allOf(profile.types.group.filter, anyOf(some.flatMap(memberFilters))),
    attributes: [profile.idAttribute], controls: profile.searchControls(), ...(limit === undefined ? {} : { limit }),
  }, signal)
  if (found.length > 1 && (await groupsOf(found, 1)).length === 0) return []
  const memberships = await Promise.all(found.map(async (one) => (await groupsOf([one])).map((group): ObservedMembership => ({
    entitlementId: profile.decodeId(valuesOf(group, profile.idAttribute)[0] ?? Buffer.alloc(0)), member: { id: one.record.id },
  }))))
  return memberships.flat()
}

function memberFilters({ record, entry }: Found): Filter[] {
  const uid = record.objectType === 'user' ? textOf(entry, 'uid') : undefined
  return [
    equals('member', record.name), equals('uniqueMember', record.name), ...(uid === undefined ? [] : [equals('memberUid', uid)]),
  ]
}

/** All values of an attribute of which the server shows some at a time. */
async function rangedValues({ client, profile }: Session, entry: RawEntry, attribute: string, signal: AbortSignal): Promise<Buffer[]> {
  const all: Buffer[] = []
  let part = rangeOf(entry, attribute)
  for (;;) {
    if (!part) return all
    all.push(...part.values)
    if (part.last) return all
    const from = all.length
    const [more] = await client.search({
      what: `Read the ${attribute} values of ${entry.dn} from number ${from}`, base: splitExtendedDn(entry.dn).dn, scope: 'base',
      filter: present('objectClass'), attributes: [`${attribute};range=${from}-*`], controls: profile.searchControls(),
    }, signal)
    part = more && rangeOf(more, attribute)
  }
}

function rangeOf(entry: RawEntry, attribute: string): { values: Buffer[], last: boolean } | undefined {
  const start = `${attribute.toLowerCase()};range=`
  for (const [name, values] of attributesOf(entry)) {
    if (name.toLowerCase().startsWith(start)) return { values, last: name.endsWith('-*') || values.length === 0 }
    if (name.toLowerCase() === attribute.toLowerCase() && values.length > 0) return { values, last: true }
  }
  return undefined
}

async function dnsOfUids({ client, config, profile }: Session, uids: string[], signal: AbortSignal): Promise<Map<string, string>> {
  const dns = new Map<string, string>()
  for (const some of chunked(uids)) {
    const entries = await client.search({
      what: 'Read the users that groups name by uid', base: usersBase(config), scope: 'sub',
      filter: allOf(profile.types.user.filter, anyOf(some.map((uid) => equals('uid', uid)))), attributes: ['uid'],
    }, signal)
    for (const entry of entries) {
      for (const uid of valuesOf(entry, 'uid')) dns.set(uid.toString('utf8').toLowerCase(), canonicalDn(entry.dn))
    }
  }
  return dns
}

function groupId(guid: string): string {
  return guid.toLowerCase()
}
