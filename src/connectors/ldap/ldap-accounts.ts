/** Records come, change, move, are switched off and on, and go. */
import { AddRequest, DeleteRequest, ModifyDNRequest, ModifyRequest } from 'ldapts'
import type { Change } from 'ldapts'
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
import { attributeOf, isSetAside, putBack, replace, setAside, sshaPassword, swapValues, unicodePassword } from './ldap-passwords.ts'
import { exists, failure, goneOutcome, outcomeOf, readBase, readPlace, writeAt } from './ldap-places.ts'
import { codecOf, equals, isProtectedName, passwordAttributes, present, textOf, valuesOf } from './ldap-profile.ts'
import type { LdapType } from './ldap-profile.ts'
import { uac } from './ldap-profile-ad.ts'
import { disabledMark, lockedForever } from './ldap-profile-openldap.ts'
import { checkAccountName } from './ldap-rules.ts'
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
  return await modify(session, change, () => changes, [], signal)
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

export async function setEnabled(session: Session, change: ChangeOf<'enable' | 'disable'>, signal: AbortSignal): Promise<Outcome> {
  const on = change.kind === 'enable'
  const { config } = session
  if (config.profile === 'openldap' && config.disable === 'pwdAccountLockedTime') {
    return await modify(session, change, () => [replace('pwdAccountLockedTime', on ? [] : [lockedForever])], [], signal)
  }
  const attribute = config.profile === 'active-directory' ? 'userAccountControl' : 'userPassword'
  const place = await readPlace(session, change, [attribute, ...session.profile.stateAttributes.user], signal)
  if (!place?.entry) return goneOutcome(change)
  const changes = config.profile === 'active-directory'
    ? flagChange(Number(textOf(place.entry, attribute) ?? uac.normal), on)
    : passwordChange(valuesOf(place.entry, attribute).map((value) => value.toString('utf8')), on)
  if (changes.length === 0) return { outcome: 'already', id: change.id }
  if (config.profile === 'openldap' && valuesOf(place.entry, attribute).length === 0 && await hidesPassword(session, place.address, signal)) {
    throw new UsherError('SYSTEM_RIGHT_MISSING', `${place.dn} has a password that ${config.bindDn} may not read, so it cannot be set aside`)
  }
  const { address, controls } = place
  const result = await session.client.write(new ModifyRequest({ messageId: 0, dn: address, changes, controls }), signal)
  return outcomeOf(withHint(result), change.id, `${on ? 'Enable' : 'Disable'} ${place.dn}`)
}

export async function setSecret(session: Session, change: ChangeOf<'set-secret'>, signal: AbortSignal): Promise<Outcome> {
  const { config } = session
  if (config.profile === 'active-directory') {
    requireEncryption(session)
    return await modify(session, change, () => [replace('unicodePwd', [unicodePassword(change.secret)])], [], signal)
  }
  if (config.passwords === 'server') requireEncryption(session)
  const value = config.passwords === 'server' ? change.secret : sshaPassword(change.secret)
  const usesPpolicy = config.disable === 'pwdAccountLockedTime'
  const place = await readPlace(session, change, usesPpolicy ? ['pwdAccountLockedTime'] : ['1.1'], signal)
  if (!place?.entry) return goneOutcome(change)
  const current = { ...change, name: place.dn }
  if (usesPpolicy) {
    // ppolicy unlocks whoever gets a new password, unless it is told otherwise in the same step.
    const locked = textOf(place.entry, 'pwdAccountLockedTime') === lockedForever
    const lock = locked ? swapValues('pwdAccountLockedTime', [lockedForever], [lockedForever]) : []
    return await modify(session, current, () => [replace('userPassword', [value]), ...lock], [], signal)
  }
  const marked = await isMarked(session, place.address, signal)
  return await modify(session, current, () => [replace('userPassword', marked ? setAside([value]) : [value])], [], signal)
}

/** A modify of one record, found by its id. */
async function modify(
  session: Session, change: SystemChange & { id: string }, changes: () => Change[], already: readonly number[], signal: AbortSignal,
): Promise<Outcome> {
  const written = await writeAt(session, change, [], async ({ address, controls }) =>
    await session.client.write(new ModifyRequest({ messageId: 0, dn: address, changes: changes(), controls }), signal), signal)
  if (written === 'gone') return goneOutcome(change)
  return outcomeOf(written.result, change.id, `${change.kind} ${written.place.dn}`, already)
}

/** What makes a new user able, or not yet able, to sign in. */
function signInState(session: Session, change: ChangeOf<'create'>): ReturnType<typeof attributeOf>[] {
  const { config } = session
  const { enabled, secret } = change
  if (config.profile === 'active-directory') {
    if (secret !== undefined) requireEncryption(session)
    else if (enabled) {
      throw new UsherError('REQUIRED_EMPTY', `${change.name}: Active Directory enables an account only with a password; give it a first one`)
    }
    return [
      attributeOf('userAccountControl', [String(uac.normal | (enabled ? 0 : uac.disabled))]),
      ...(secret === undefined ? [] : [attributeOf('unicodePwd', [unicodePassword(secret)])]),
    ]
  }
  if (config.passwords === 'server') {
    if (secret !== undefined) requireEncryption(session)
    return [
      ...(secret === undefined ? [] : [attributeOf('userPassword', [secret])]),
      ...(enabled ? [] : [attributeOf('pwdAccountLockedTime', [lockedForever])]),
    ]
  }
  const hashed = secret === undefined ? [] : [sshaPassword(secret)]
  if (config.disable === 'pwdAccountLockedTime') {
    return [
      ...(hashed.length > 0 ? [attributeOf('userPassword', hashed)] : []),
      ...(enabled ? [] : [attributeOf('pwdAccountLockedTime', [lockedForever])]),
    ]
  }
  const values = enabled ? hashed : setAside(hashed)
  return values.length > 0 ? [attributeOf('userPassword', values)] : []
}

function emptyGroup({ config }: Session, type: LdapType, wanted: Attributes): ReturnType<typeof attributeOf>[] {
  if (config.profile === 'active-directory') return []
  const classes = type.objectClasses(wanted).map((name) => name.toLowerCase())
  if (classes.includes('groupofnames')) return [attributeOf('member', [placeholderOf(config)])]
  if (classes.includes('groupofuniquenames')) return [attributeOf('uniqueMember', [placeholderOf(config)])]
  return []
}

/** What is asked for and what the configuration gives to new users besides. */
function withDefaults({ config }: Session, type: LdapType, change: ChangeOf<'create'>): Attributes {
  if (type.name !== 'user') return change.attributes
  const given = new Set(Object.keys(change.attributes).map((name) => name.toLowerCase()))
  const name = change.attributes.sAMAccountName
  if (typeof name === 'string') checkAccountName(config, type.name, name)
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

function flagChange(flags: number, on: boolean): Change[] {
  const wanted = on ? flags & ~uac.disabled : flags | uac.disabled
  return wanted === flags ? [] : [replace('userAccountControl', [String(wanted)])]
}

function passwordChange(values: string[], on: boolean): Change[] {
  if (on) return values.some((value) => isSetAside(value)) ? swapValues('userPassword', values, putBack(values)) : []
  const isOff = values.includes(disabledMark) && values.every((value) => isSetAside(value))
  return isOff ? [] : swapValues('userPassword', values, setAside(values))
}

/** Where ppolicy is on, an account has one password value, and there is no room for the mark. */
function withHint(result: LdapResult): LdapResult {
  if (!/only allows one password value/.test(result.words)) return result
  return { ...result, words: `${result.words}. This server has password policies: configure disable: pwdAccountLockedTime` }
}

/** Whether there is a password that is not shown to us. */
async function hidesPassword({ client }: Session, dn: string, signal: AbortSignal): Promise<boolean> {
  const found = await client.search({ what: `Look for a password of ${dn}`, base: dn, scope: 'base', filter: present('userPassword'), attributes: ['1.1'] }, signal)
  return found.length > 0
}

async function isMarked({ client }: Session, dn: string, signal: AbortSignal): Promise<boolean> {
  const filter = equals('userPassword', disabledMark)
  return (await client.search({ what: `Look whether ${dn} is disabled`, base: dn, scope: 'base', filter, attributes: ['1.1'] }, signal)).length > 0
}

function requireEncryption({ client }: Session): void {
  if (client.secure) return
  throw new UsherError('SYSTEM_TLS_FAILED', 'Passwords are set over an encrypted connection only: use an ldaps:// URL, or startTls')
}

function missingContainer(dn: string): Outcome {
  const words = `There is no ${parentOf(dn)} to put ${levels(dn)[0]} in. Create it, or correct what the mapping gives as container`
  return failure(new UsherError('SYSTEM_REFUSED', words))
}

const success: LdapResult = { code: codes.success, matchedDn: '', words: '', referrals: [], controls: new Map() }
