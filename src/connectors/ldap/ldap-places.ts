/**
 * Where a change is carried out. The id decides: a record may have been renamed since the plan was made, and its old name
 * may by now be somebody else's.
 *
 * Active Directory takes `<GUID=…>` wherever it takes a name. OpenLDAP checks with each write, in the same step, that
 * the entry under that name has the id (assertion control, RFC 4528).
 */
import { ModifyRequest } from 'ldapts'
import type { Change, Control } from 'ldapts'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import { canonicalDn, dnKey } from './dn.ts'
import { assertionControl, oids } from './ldap-controls.ts'
import type { LdapResult, RawEntry } from './ldap-decode.ts'
import { codes, ldapCodeOf, refusal } from './ldap-errors.ts'
import type { Session } from './ldap-members.ts'
import { equals, isProtectedName, present } from './ldap-profile.ts'
import { isId } from './ldap-read.ts'

export interface Place {
  /** What to send as the entry's name. */
  address: string
  /** The entry's name as far as it is known. */
  dn: string
  /** Go with a write, so that it meets the right entry or none. */
  controls: Control[]
  /** State of the entry, where it had to be read. */
  entry?: RawEntry
}

export interface Target {
  objectType: string
  id: string
  name: string
}

/** Answers that mean "no such entry there", with or without the check of the id. */
const missed = new Set<number>([codes.noSuchObject, codes.assertionFailed])

/** Reads an entry by its id, wherever it is now; undefined when it is gone. */
export async function readPlace(session: Session, target: Target, attributes: string[], signal: AbortSignal): Promise<Place | undefined> {
  if (!isId(target.id)) return undefined
  const entry = session.config.profile === 'active-directory'
    ? await readBase(session, `<GUID=${target.id}>`, undefined, attributes, signal)
    : await readBase(session, target.name, target.id, attributes, signal) ?? await readById(session, target.id, attributes, signal)
  if (!entry) return undefined
  const place = await placeOf(session, target, canonicalDn(entry.dn), signal)
  return guarded(session, { ...place, entry })
}

/** Carries a write out where the record is now. `gone`: it is nowhere. */
export async function writeAt(
  session: Session, target: Target, attributes: string[], send: (place: Place) => Promise<LdapResult>, signal: AbortSignal,
): Promise<{ result: LdapResult, place: Place } | 'gone'> {
  if (!isId(target.id)) return 'gone'
  const mustRead = session.config.profile === 'active-directory' || attributes.length > 0 || !await session.client.knows(oids.assertion, signal)
  const first = mustRead
    ? await readPlace(session, target, [...attributes, ...stateAttributes(session, target)], signal)
    : guarded(session, await placeOf(session, target, target.name, signal))
  if (!first) return 'gone'
  const result = await send(first)
  if (!missed.has(result.code)) return { result, place: first }
  // It was renamed, or what is missing is something else that the write needs; the id tells.
  const second = await readPlace(session, target, [...attributes, ...stateAttributes(session, target)], signal)
  if (!second) return 'gone'
  if (dnKey(second.dn) === dnKey(first.dn)) return { result, place: second }
  return { result: await send(second), place: second }
}

/** A modify of one record, found by its id. */
export async function modifyAt(
  session: Session, change: SystemChange & { id: string }, changes: () => Change[], signal: AbortSignal,
): Promise<Outcome> {
  const written = await writeAt(session, change, [], async ({ address, controls }) =>
    await session.client.write(new ModifyRequest({ messageId: 0, dn: address, changes: changes(), controls }), signal), signal)
  if (written === 'gone') return goneOutcome(change)
  return outcomeOf(written.result, change.id, `${change.kind} ${written.place.dn}`)
}

/** Turns an answer into the outcome of the change. */
export function outcomeOf(result: LdapResult, id: string, what: string, already: readonly number[] = []): Outcome {
  if (result.code === codes.success) return { outcome: 'done', id }
  if (already.includes(result.code)) return { outcome: 'already', id }
  return failure(refusal(result, what))
}

/** An error as the outcome of a change. */
export function failure(error: UsherError): Outcome {
  const words = typeof error.details.words === 'string' ? error.details.words : error.message
  return { outcome: 'failed', retryable: error.details.retryable === true, code: error.code, words }
}

export function goneOutcome({ kind, name }: SystemChange): Outcome {
  return { outcome: 'failed', retryable: false, code: 'TARGET_GONE', words: `${kind}: ${name} is no longer there` }
}

/** Whether there is an entry of this name. */
export async function exists(session: Session, dn: string, signal: AbortSignal): Promise<boolean> {
  return await readBase(session, dn, undefined, ['1.1'], signal) !== undefined
}

/** The entry of this name, if it is there (and has this id). */
export async function readBase(
  { client, profile }: Session, dn: string, id: string | undefined, attributes: string[], signal: AbortSignal,
): Promise<RawEntry | undefined> {
  try {
    const filter = id === undefined ? present('objectClass') : profile.idFilter(id)
    const [entry] = await client.search({ what: `Read ${dn}`, base: dn, scope: 'base', filter, attributes, controls: profile.searchControls() }, signal)
    return entry
  } catch (error) {
    if (ldapCodeOf(error) === codes.noSuchObject) return undefined
    throw error
  }
}

async function readById({ client, config, profile }: Session, id: string, attributes: string[], signal: AbortSignal): Promise<RawEntry | undefined> {
  const [entry] = await client.search({
    what: `Find ${id}`, base: config.base, scope: 'sub', filter: profile.idFilter(id), attributes, controls: profile.searchControls(),
  }, signal)
  return entry
}

async function placeOf({ config, client }: Session, { id }: Target, dn: string, signal: AbortSignal): Promise<Place> {
  if (config.profile === 'active-directory') return { address: `<GUID=${id}>`, dn, controls: [] }
  const asserts = await client.knows(oids.assertion, signal)
  return { address: dn, dn, controls: asserts ? [assertionControl(equals('entryUUID', id))] : [] }
}

function guarded(session: Session, place: Place): Place {
  const builtIn = place.entry !== undefined && session.profile.builtIn(place.entry)
  if (builtIn || isProtectedName(session.config, place.dn)) {
    throw new UsherError('PROTECTED', `${place.dn} is ${builtIn ? 'built in' : 'protected by the configuration'} and is never changed`)
  }
  return place
}

function stateAttributes({ profile }: Session, { objectType }: Target): string[] {
  return profile.stateAttributes[objectType === 'group' ? 'group' : 'user']
}
