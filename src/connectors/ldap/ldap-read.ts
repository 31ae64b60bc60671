/** Reading: everything page by page, or some records by id, name or attribute. */
import type { Filter } from 'ldapts'
import { UsherError } from '../../domain/errors.ts'
import type { Page, ReadEnd, ReadScope, Wanted } from '../connector.ts'
import { isWithin, parseDn } from './dn.ts'
import type { Query } from './ldap-client.ts'
import { columnsOf } from './ldap-columns.ts'
import { extendedDnControl } from './ldap-controls.ts'
import type { RawEntry } from './ldap-decode.ts'
import { chunked, heldAttributes, heldBy, memberAttributes, membersOf, oneEach } from './ldap-members.ts'
import type { Found, Session } from './ldap-members.ts'
import { sieve } from './ldap-passing.ts'
import { allOf, anyOf, codecOf, equals, valuesOf } from './ldap-profile.ts'
import type { LdapType } from './ldap-profile.ts'
import { disabledMark } from './ldap-profile-openldap.ts'
import { recordReader } from './ldap-records.ts'
import type { Reading } from './ldap-records.ts'
import { encodeValues, splitExtendedDn } from './ldap-values.ts'

/** Everything of the types in scope. It says at the end whether that was all. */
export async function* readAll(session: Session, scope: ReadScope, signal: AbortSignal): AsyncGenerator<Page, ReadEnd> {
  let count = 0
  try {
    for (const type of typesIn(session, scope)) {
      const disabled = type.name === 'user' ? await disabledUsers(session, undefined, signal) : undefined
      const columns = columnsOf(session.profile, type, scope)
      const reading: Reading = { config: session.config, profile: session.profile, type, columns, disabled }
      const toRecord = recordReader(reading)
      const sift = scope.known !== undefined && type.description.kind === 'account' ? sieve(reading, scope.known) : undefined
      const pages = session.client.pages({
        what: `Read ${type.name}s under ${type.base}`, base: type.base, scope: 'sub', filter: allOf(type.filter, type.extraFilter),
        attributes: [...columns.attributes, ...(type.name === 'group' ? memberAttributes(session) : [])],
        controls: session.profile.searchControls(),
      }, signal)
      try {
        for (;;) {
          const step = await pages.next()
          if (step.done) {
            if (!step.value.complete) return { ...step.value, count }
            break
          }
          const { entries, passed } = sift?.(step.value) ?? { entries: step.value }
          const found = entries.map((entry) => ({ entry, record: toRecord(entry) }))
          const memberships = type.name === 'group' ? await membersOf(session, found, signal) : []
          count += step.value.length
          yield { records: found.map(({ record }) => record), memberships, rejected: [], ...(passed === undefined ? {} : { passed }) }
        }
      } finally {
        await pages.return({ complete: true })
      }
    }
    if (signal.aborted) return { complete: false, count, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' }
    return { complete: true, count }
  } catch (error) {
    if (error instanceof UsherError) return { complete: false, count, code: error.code, because: error.message }
    throw error
  }
}

/** These records as they are now, with their memberships. */
export async function lookup(session: Session, wanted: Wanted[], scope: ReadScope, signal: AbortSignal): Promise<Page> {
  const found = new Map<string, Found>()
  for (const type of typesIn(session, { objectTypes: [] })) {
    const ours = wanted.filter((one) => one.objectType === type.name)
    const parts = await Promise.all(chunked(ours).map((some) => find(session, type, some, scope, signal)))
    for (const one of parts.flat()) found.set(one.record.id, one)
  }
  const all = [...found.values()]
  const memberships = (await Promise.all(chunked(all).map((some) => heldBy(session, some, signal)))).flat()
  memberships.push(...await membersOf(session, all.filter(({ record }) => record.objectType === 'group'), signal))
  return { records: all.map(({ record }) => record), memberships: oneEach(memberships, all), rejected: [] }
}

async function find(session: Session, type: LdapType, wanted: Wanted[], scope: ReadScope, signal: AbortSignal): Promise<Found[]> {
  const { client, profile, config } = session
  const filters = wanted.flatMap((one) => filterFor(session, type, one) ?? [])
  if (filters.length === 0) return []
  const columns = columnsOf(profile, type, scope)
  const members = type.name === 'group' ? memberAttributes(session) : []
  const query: Query = {
    what: `Look up ${wanted.length} ${type.name}${wanted.length === 1 ? '' : 's'}`,
    base: lookupBase(session, type), scope: 'sub', filter: allOf(type.filter, anyOf(filters)),
    attributes: [...new Set([...columns.attributes, ...members, ...heldAttributes(session)])],
    controls: [...profile.searchControls(), ...(config.profile === 'active-directory' ? [extendedDnControl()] : [])],
  }
  const [entries, disabled] = await Promise.all([
    client.search(query, signal),
    type.name === 'user' ? disabledUsers(session, anyOf(filters), signal) : undefined,
  ])
  const toRecord = recordReader({ config, profile, type, columns, disabled })
  return entries.map((found) => {
    const entry = { ...found, dn: splitExtendedDn(found.dn).dn }
    return { entry, record: toRecord(entry) }
  })
}

function filterFor({ profile }: Session, type: LdapType, wanted: Wanted): Filter | undefined {
  if ('id' in wanted) return isId(wanted.id) ? profile.idFilter(wanted.id) : undefined
  if ('name' in wanted) return isName(wanted.name) ? profile.nameFilter(wanted.name) : undefined
  const values = encodeValues(codecOf(profile, type, wanted.attribute), wanted.value)
  return values.length > 0 ? anyOf(values.map((value) => equals(wanted.attribute, value))) : undefined
}

/** Users and groups are looked up wherever they are: they may have been moved out of where new ones go. */
function lookupBase({ config }: Session, type: LdapType): string {
  return isWithin(type.base, config.base) ? config.base : type.base
}

function typesIn({ profile }: Session, { objectTypes }: ReadScope): LdapType[] {
  return Object.values(profile.types).filter(({ name }) => objectTypes.length === 0 || objectTypes.includes(name))
}

/** Whether this can be an id at all; anything else is simply not there. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
}

function isName(name: string): boolean {
  try {
    return parseDn(name).length > 0
  } catch {
    return false
  }
}

/** Ids of the users (among these, or of all) whose password is set aside. The password itself is not read. */
async function disabledUsers(session: Session, among: Filter | undefined, signal: AbortSignal): Promise<Set<string> | undefined> {
  const { client, profile, config } = session
  if (config.profile !== 'openldap' || config.disable !== 'password') return undefined
  const type = profile.types.user
  const query: Query = {
    what: 'Read which users are disabled', base: lookupBase(session, type), scope: 'sub',
    // Mostly nobody is, and the server then looks no further.
    filter: allOf(equals('userPassword', disabledMark), among, type.filter),
    attributes: [profile.idAttribute],
  }
  const entries = among ? await client.search(query, signal) : await allPages(session, query, signal)
  return new Set(entries.map((entry) => profile.decodeId(valuesOf(entry, profile.idAttribute)[0] ?? Buffer.alloc(0))))
}

async function allPages({ client }: Session, query: Query, signal: AbortSignal): Promise<RawEntry[]> {
  const entries: RawEntry[] = []
  const pages = client.pages(query, signal)
  for (;;) {
    const step = await pages.next()
    if (!step.done) entries.push(...step.value)
    else if (step.value.complete) return entries
    else throw new UsherError(step.value.code, step.value.because)
  }
}
