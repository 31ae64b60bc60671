/** Records come, change, move and go. */
import { AddRequest, DeleteRequest, ModifyDNRequest } from 'ldapts'
import type { Attribute } from 'ldapts'
import { UsherError } from '../../domain/errors.ts'
import type { Attributes } from '../../domain/value.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import { canonicalDn, levels, nameOfDn, parentOf, sameDn } from './dn.ts'
import { oids, postReadControl, postReadEntry } from './ldap-controls.ts'
import type { LdapResult } from './ldap-decode.ts'
import { codes } from './ldap-errors.ts'
import { memberClean, moveMemberships, removeMemberships } from './ldap-groups.ts'
import { placeholderOf } from './ldap-members.ts'
import type { Session } from './ldap-members.ts'
import { attributeOf, replace } from './ldap-passwords.ts'
import { exists, failure, goneOutcome, modifyAt, outcomeOf, readBase, readPlace, writeAt } from './ldap-places.ts'
import { codecOf, isProtectedName, passwordAttributes, textOf, valuesOf } from './ldap-profile.ts'
import type { LdapType } from './ldap-profile.ts'
import { checkAccountName } from './ldap-rules.ts'
import { signInState, withHint } from './ldap-sign-in.ts'
import { encodeValues } from './ldap-values.ts'

type ChangeOf<K extends SystemChange['kind']> = SystemChange & { kind: K }

export async function create(session: Session, type: LdapType, change: ChangeOf<'create'>, signal: AbortSignal): Promise<Outcome> {
  const { client, config, profile } = session
  if (isProtectedName(config, change.name)) throw new UsherError('PROTECTED', `${change.name} is protected by the configuration`)
  const wanted = withDefaults(session, type, change)
  const attributes = [
    attributeOf('objectClass', type.objectClasses(wanted)),
    ...encoded(session, type, wanted).map(([name, values]) => attributeOf(name, values)).filter(({ values }) => values.length > 0),
    ...(type.name === 'user' ? signInState(session, change) : emptyGroup(session, type, wanted)),
  ]
  const postRead = await client.knows(oids.postRead, signal)
  const controls = postRead ? [postReadControl([profile.idAttribute])] : []
  const result = await client.write(new AddRequest({ messageId: 0, dn: change.name, attributes, controls }), signal)
  if (result.code === codes.noSuchObject) return missingContainer(change.name)
  if (result.code !== codes.success) return outcomeOf(withHint(result), '', `Create ${change.name}`)
  const entry = postReadEntry(result.controls.get(oids.postRead)) ?? await readBase(session, change.name, undefined, [profile.idAttribute], signal)
  const id = entry && valuesOf(entry, profile.idAttribute)[0]
  if (id) return { outcome: 'done', id: profile.decodeId(id) }
  const words = `${change.name} was created, but its ${profile.idAttribute} cannot be read`
  return { outcome: 'failed', retryable: false, code: 'SYSTEM_RIGHT_MISSING', words }
}

export async function update(session: Session, type: LdapType, change: ChangeOf<'update'>, signal: AbortSignal): Promise<Outcome> {
  if (typeof change.set.sAMAccountName === 'string') checkAccountName(session.config, type.name, change.set.sAMAccountName)
  const changes = [
    ...encoded(session, type, { ...withoutName(type, change), ...Object.fromEntries(change.clear.map((name) => [name, ''])) })
      .map(([name, values]) => replace(name, values.length > 0 ? values : noneOf(session, type, name))),
  ]
  if (changes.length === 0) {
    const place = await readPlace(session, change, ['1.1'], signal)
    return place ? { outcome: 'already', id: change.id } : goneOutcome(change)
  }
  return await modifyAt(session, change, () => changes, signal)
}

export async function rename(session: Session, type: LdapType, change: ChangeOf<'rename'>, signal: AbortSignal): Promise<Outcome> {
  const newDn = canonicalDn(change.newName)
  const [newRdn] = levels(newDn)
  const written = await writeAt(session, change, [session.profile.idAttribute], async ({ dn, controls }) => {
    if (canonicalDn(dn) === newDn) return success
    const newSuperior = sameDn(parentOf(dn), parentOf(newDn)) ? '' : parentOf(newDn)
    // By name: Samba renames nothing by id. The name has just been read.
    return await session.client.write(new ModifyDNRequest({ messageId: 0, dn, newRdn: newRdn ?? '', newSuperior, controls }), signal)
  }, signal)
  if (written === 'gone') return goneOutcome(change)
  const { result, place } = written
  if (result.code !== codes.success && !await exists(session, parentOf(newDn), signal)) return missingContainer(newDn)
  if (result.code !== codes.success) return outcomeOf(result, change.id, `Rename ${place.dn} to ${newDn}`)
  await moveMemberships(session, place.dn, newDn, signal)
  // After a lost answer they may still be under the old name, unless that is somebody else's by now.
  if (result === success && !await exists(session, change.name, signal)) await moveMemberships(session, change.name, newDn, signal)
  const rest = Object.fromEntries(Object.entries(change.set).filter(([name]) => name !== 'container' && name.toLowerCase() !== type.rdn.toLowerCase()))
  if (Object.keys(rest).length > 0) {
    const updated = await update(session, type, { ...change, kind: 'update', name: newDn, set: rest, clear: [] }, signal)
    if (updated.outcome === 'failed') return updated
  }
  return { outcome: result === success ? 'already' : 'done', id: change.id }
}

export async function remove(session: Session, change: ChangeOf<'delete'>, signal: AbortSignal): Promise<Outcome> {
  const written = await writeAt(session, change, memberClean(session), async ({ address, controls }) =>
    await session.client.write(new DeleteRequest({ messageId: 0, dn: address, controls }), signal), signal)
  if (written === 'gone') {
    // After a lost answer the memberships may still be there; a successor of the same name keeps its own.
    if (!await exists(session, change.name, signal)) await removeMemberships(session, change.name, undefined, signal)
    return { outcome: 'already', id: change.id }
  }
  const { result, place } = written
  if (result.code !== codes.success) return outcomeOf(result, change.id, `Delete ${place.dn}`)
  await removeMemberships(session, place.dn, place.entry && textOf(place.entry, 'uid'), signal)
  return { outcome: 'done', id: change.id }
}

function emptyGroup({ config }: Session, type: LdapType, wanted: Attributes): Attribute[] {
  if (config.profile === 'active-directory') return []
  const classes = type.objectClasses(wanted).map((name) => name.toLowerCase())
  if (classes.includes('groupofnames')) return [attributeOf('member', [placeholderOf(config)])]
  if (classes.includes('groupofuniquenames')) return [attributeOf('uniqueMember', [placeholderOf(config)])]
  return []
}

/** What is asked for and what the configuration gives to new users besides. */
function withDefaults({ config }: Session, type: LdapType, change: ChangeOf<'create'>): Attributes {
  const name = change.attributes.sAMAccountName
  if (typeof name === 'string') checkAccountName(config, type.name, name)
  if (type.name !== 'user') return change.attributes
  const given = new Set(Object.keys(change.attributes).map((key) => key.toLowerCase()))
  return { ...Object.fromEntries(Object.entries(config.defaults).filter(([key]) => !given.has(key.toLowerCase()))), ...change.attributes }
}

/** Without the attribute in the name where it says the same; a server refuses it even so. */
function withoutName(type: LdapType, { name, set }: ChangeOf<'update'>): Attributes {
  const inName = nameOfDn(name).value
  return Object.fromEntries(Object.entries(set).filter(([key, value]) => key.toLowerCase() !== type.rdn.toLowerCase() || value !== inName))
}

function noneOf({ profile }: Session, type: LdapType, name: string): string[] {
  const { none } = codecOf(profile, type, name)
  return none === undefined ? [] : [none]
}

/** Attributes with the values to send; passwords and the container are not attributes to be sent. */
function encoded({ profile }: Session, type: LdapType, attributes: Attributes): [name: string, values: (string | Buffer)[]][] {
  return Object.entries(attributes).filter(([name]) => name !== 'container').map(([name, value]) => {
    if (passwordAttributes.has(name.toLowerCase())) {
      throw new UsherError('SYSTEM_REFUSED', `${name} is a password: it is set as a secret, never as an attribute`)
    }
    try {
      return [name, encodeValues(codecOf(profile, type, name), value)]
    } catch (error) {
      throw new UsherError('SYSTEM_REFUSED', `${name}: ${error instanceof Error ? error.message : String(error)}`, {}, error)
    }
  })
}

function missingContainer(dn: string): Outcome {
  const words = `There is no ${parentOf(dn)} to put ${levels(dn)[0]} in. Create it, or correct what the mapping gives as container`
  return failure(new UsherError('SYSTEM_REFUSED', words))
}

const success: LdapResult = { code: codes.success, matchedDn: '', words: '', referrals: [], controls: new Map() }
