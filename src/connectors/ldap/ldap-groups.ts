/** Members come into groups and leave them. */
import { Attribute, Change, ModifyRequest } from 'ldapts'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import { canonicalDn, dnKey, nameOfDn } from './dn.ts'
import { groupsBase } from './ldap-config.ts'
import type { LdapResult, RawEntry } from './ldap-decode.ts'
import { codes, refusal } from './ldap-errors.ts'
import { placeholderOf } from './ldap-members.ts'
import type { Session } from './ldap-members.ts'
import { failure, outcomeOf, readPlace } from './ldap-places.ts'
import type { Place } from './ldap-places.ts'
import { allOf, anyOf, equals, textOf, valuesOf } from './ldap-profile.ts'

type MemberChange = Extract<SystemChange, { kind: 'grant' | 'revoke' }>
type MemberAttribute = 'member' | 'uniqueMember' | 'memberUid'

const memberAttributes = ['member', 'uniqueMember', 'memberUid'] as const

export async function grant(session: Session, change: MemberChange, signal: AbortSignal): Promise<Outcome> {
  const [group, member] = await Promise.all([groupPlace(session, change, signal), memberPlace(session, change, signal)])
  if (!member || !group) return gone(member ? change.entitlement.name : change.name)
  const { attribute, value } = memberValue(session, group, member.dn, member.entry)
  const result = await modifyMembers(session, group, [edit('add', attribute, value)], signal)
  return outcomeOf(result, change.id, what(change), [codes.attributeOrValueExists, codes.entryAlreadyExists])
}

export async function revoke(session: Session, change: MemberChange, signal: AbortSignal): Promise<Outcome> {
  const [group, member] = await Promise.all([groupPlace(session, change, signal), memberPlace(session, change, signal)])
  const already: Outcome = { outcome: 'already', id: change.id }
  if (!member || !group) return already
  const { attribute, value } = memberValue(session, group, member.dn, member.entry)
  const leave = edit('delete', attribute, value)
  let result = await modifyMembers(session, group, [leave], signal)
  if (result.code === codes.objectClassViolation && attribute !== 'memberUid') {
    // The last one: a placeholder takes the place in the same step.
    result = await modifyMembers(session, group, [edit('add', attribute, placeholderOf(session.config)), leave], signal)
  }
  if (result.code === codes.unwillingToPerform && !await holds(session, group, value, signal)) return already
  return outcomeOf(result, change.id, what(change), [codes.noSuchAttribute])
}

/** What must be known of an entry before it is deleted, to clean up after it. */
export function memberClean({ config }: Session): string[] {
  return config.profile === 'active-directory' ? [] : ['uid']
}

/** Groups of plain OpenLDAP know names only: what was renamed keeps its memberships because they are rewritten here. */
export async function moveMemberships(session: Session, oldDn: string, newDn: string, signal: AbortSignal): Promise<void> {
  if (canonicalDn(oldDn) === canonicalDn(newDn)) return
  const [oldUid, newUid] = [uidOf(oldDn), uidOf(newDn)]
  await rewriteMemberships(session, oldDn, oldUid !== newUid ? oldUid : undefined, (attribute, value) => [
    edit('add', attribute, attribute === 'memberUid' ? newUid ?? value : newDn), edit('delete', attribute, value),
  ], signal)
}

/** What was deleted is in no group any more; a later entry of the same name must not inherit access. */
export async function removeMemberships(session: Session, dn: string, uid: string | undefined, signal: AbortSignal): Promise<void> {
  await rewriteMemberships(session, dn, uid ?? uidOf(dn), (attribute, value) => [edit('delete', attribute, value)], signal)
}

async function rewriteMemberships(
  session: Session, dn: string, uid: string | undefined, edits: (attribute: MemberAttribute, value: string) => Change[], signal: AbortSignal,
): Promise<void> {
  const { client, config, profile } = session
  if (config.profile === 'active-directory') return
  const filters = [equals('member', dn), equals('uniqueMember', dn), ...(uid === undefined ? [] : [equals('memberUid', uid)])]
  const groups = await client.search({
    what: `Read the groups of ${dn}`, base: groupsBase(config), scope: 'sub', filter: allOf(profile.types.group.filter, anyOf(filters)),
    attributes: [...memberAttributes],
  }, signal)
  for (const group of groups) {
    for (const attribute of memberAttributes) {
      const value = valuesOf(group, attribute).map(String).find((one) => (attribute === 'memberUid' ? one === uid : dnKey(one) === dnKey(dn)))
      if (value === undefined) continue
      const place: Place = { address: group.dn, dn: group.dn, controls: [] }
      let result = await modifyMembers(session, place, edits(attribute, value), signal)
      if (result.code === codes.objectClassViolation) {
        result = await modifyMembers(session, place, [edit('add', attribute, placeholderOf(config)), ...edits(attribute, value)], signal)
      }
      // Somebody else, or the server's own overlay, may have been quicker.
      if (result.code === codes.noSuchAttribute || result.code === codes.attributeOrValueExists) continue
      if (result.code !== codes.success) throw refusal(result, `Change the members of ${group.dn}`)
    }
  }
}

async function groupPlace(session: Session, { entitlement }: MemberChange, signal: AbortSignal): Promise<Place | undefined> {
  return await readPlace(session, entitlement, ['objectClass', ...session.profile.stateAttributes.group], signal)
}

async function memberPlace(session: Session, change: MemberChange, signal: AbortSignal): Promise<Place | undefined> {
  const state = session.profile.stateAttributes[change.objectType === 'group' ? 'group' : 'user']
  return await readPlace(session, change, ['uid', ...state], signal)
}

/** By which attribute a group names this member, and how. */
function memberValue(session: Session, group: Place, dn: string, entry: RawEntry | undefined): { attribute: MemberAttribute, value: string } {
  if (session.config.profile === 'active-directory') return { attribute: 'member', value: dn }
  const classes = group.entry ? valuesOf(group.entry, 'objectClass').map((name) => name.toString('latin1').toLowerCase()) : []
  if (classes.includes('groupofnames')) return { attribute: 'member', value: dn }
  if (classes.includes('groupofuniquenames')) return { attribute: 'uniqueMember', value: dn }
  return { attribute: 'memberUid', value: (entry && textOf(entry, 'uid')) ?? nameOfDn(dn).value }
}

async function holds(session: Session, group: Place, dn: string, signal: AbortSignal): Promise<boolean> {
  const { client, profile } = session
  const found = await client.search({
    what: `Look for ${dn} in ${group.dn}`, base: group.address, scope: 'base', filter: equals('member', dn), attributes: ['1.1'],
    controls: profile.searchControls(),
  }, signal)
  return found.length > 0
}

async function modifyMembers({ client }: Session, { address, controls }: Place, changes: Change[], signal: AbortSignal): Promise<LdapResult> {
  return await client.write(new ModifyRequest({ messageId: 0, dn: address, changes, controls }), signal)
}

function edit(operation: 'add' | 'delete', attribute: MemberAttribute, value: string): Change {
  return new Change({ operation, modification: new Attribute({ type: attribute, values: [value] }) })
}

function gone(name: string): Outcome {
  return failure(new UsherError('TARGET_GONE', `${name} is no longer there`))
}

function uidOf(dn: string): string | undefined {
  const { attribute, value } = nameOfDn(dn)
  return attribute.toLowerCase() === 'uid' ? value : undefined
}

function what({ kind, name, entitlement }: MemberChange): string {
  return kind === 'grant' ? `Add ${name} to ${entitlement.name}` : `Remove ${name} from ${entitlement.name}`
}
