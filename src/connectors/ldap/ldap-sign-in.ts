/** Whether an account can sign in, and with which password. */
import { ModifyRequest } from 'ldapts'
import type { Attribute, Change } from 'ldapts'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import type { LdapResult } from './ldap-decode.ts'
import type { Session } from './ldap-members.ts'
import { attributeOf, isSetAside, putBack, replace, setAside, sshaPassword, swapValues, unicodePassword } from './ldap-passwords.ts'
import { goneOutcome, modifyAt, outcomeOf, readPlace } from './ldap-places.ts'
import { equals, present, textOf, valuesOf } from './ldap-profile.ts'
import { uac } from './ldap-profile-ad.ts'
import { disabledMark, lockedForever } from './ldap-profile-openldap.ts'

type ChangeOf<K extends SystemChange['kind']> = SystemChange & { kind: K }

export async function setEnabled(session: Session, change: ChangeOf<'enable' | 'disable'>, signal: AbortSignal): Promise<Outcome> {
  const on = change.kind === 'enable'
  const { config } = session
  if (config.profile === 'openldap' && config.disable === 'pwdAccountLockedTime') {
    return await modifyAt(session, change, () => [replace('pwdAccountLockedTime', on ? [] : [lockedForever])], signal)
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
    return await modifyAt(session, change, () => [replace('unicodePwd', [unicodePassword(change.secret)])], signal)
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
    return await modifyAt(session, current, () => [replace('userPassword', [value]), ...lock], signal)
  }
  const marked = await isMarked(session, place.address, signal)
  return await modifyAt(session, current, () => [replace('userPassword', marked ? setAside([value]) : [value])], signal)
}

/** What makes a new user able, or not yet able, to sign in. */
export function signInState(session: Session, change: ChangeOf<'create'>): Attribute[] {
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
  if (config.passwords === 'server' && secret !== undefined) requireEncryption(session)
  const values = secret === undefined ? [] : [config.passwords === 'server' ? secret : sshaPassword(secret)]
  const usesPpolicy = config.disable === 'pwdAccountLockedTime'
  const stored = enabled || usesPpolicy ? values : setAside(values)
  return [
    ...(stored.length > 0 ? [attributeOf('userPassword', stored)] : []),
    ...(usesPpolicy && !enabled ? [attributeOf('pwdAccountLockedTime', [lockedForever])] : []),
  ]
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
export function withHint(result: LdapResult): LdapResult {
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
