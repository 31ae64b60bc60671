/** Active Directory (and Samba in its place). */
import type { AttributeDescription, Operation } from '../connector.ts'
import { groupsBase, usersBase } from './ldap-config.ts'
import type { LdapConfig } from './ldap-config.ts'
import { domainScopeControl } from './ldap-controls.ts'
import type { RawEntry } from './ldap-decode.ts'
import { allOf, equals, parseFilter, textOf, valuesOf } from './ldap-profile.ts'
import type { Profile } from './ldap-profile.ts'
import { fileTimeCodec, guidCodec, sidCodec } from './ldap-values.ts'

/** Bits of userAccountControl. */
export const uac = { disabled: 0x2, trust: 0x0800, workstation: 0x1000, server: 0x2000, normal: 0x200 } as const

export function activeDirectory(config: LdapConfig): Profile {
  const rdn = config.users.rdn ?? 'cn'
  return {
    types: {
      user: {
        name: 'user',
        base: usersBase(config),
        filter: allOf(equals('objectCategory', 'person'), equals('objectClass', 'user')),
        extraFilter: parseFilter(config.users.filter),
        rdn,
        objectClasses: () => config.users.objectClasses ?? ['top', 'person', 'organizationalPerson', 'user'],
        description: { name: 'user', title: 'User', kind: 'account', attributes: userAttributes(rdn), operations },
      },
      group: {
        name: 'group',
        base: groupsBase(config),
        filter: equals('objectClass', 'group'),
        extraFilter: parseFilter(config.groups.filter),
        rdn: 'cn',
        objectClasses: () => config.groups.objectClasses ?? ['top', 'group'],
        description: { name: 'group', title: 'Group', kind: 'entitlement', attributes: groupAttributes, operations: groupOperations },
      },
    },
    idAttribute: 'objectGUID',
    decodeId: guidCodec.decode,
    idFilter: (id) => equals('objectGUID', guidCodec.encode(id)),
    nameFilter: (dn) => equals('distinguishedName', dn),
    searchControls: () => [domainScopeControl()],
    codecs: {
      accountexpires: fileTimeCodec, pwdlastset: fileTimeCodec, lastlogontimestamp: fileTimeCodec, lockouttime: fileTimeCodec,
      objectsid: sidCodec, objectguid: { decode: guidCodec.decode, encode: (value) => guidCodec.encode(String(value)) },
    },
    traceAttributes: { at: 'whenChanged' },
    stateAttributes: {
      user: ['userAccountControl', 'isCriticalSystemObject', 'objectSid', 'objectClass'],
      group: ['isCriticalSystemObject', 'objectSid', 'objectClass'],
    },
    enabled(entry) {
      const flags = textOf(entry, 'userAccountControl')
      return flags === undefined ? undefined : (Number(flags) & uac.disabled) === 0
    },
    builtIn,
  }
}

/** Well-known and critical objects, computers, trusts and managed service accounts. */
function builtIn(entry: RawEntry): boolean {
  if (textOf(entry, 'isCriticalSystemObject') === 'TRUE') return true
  if ((Number(textOf(entry, 'userAccountControl') ?? 0) & (uac.trust | uac.workstation | uac.server)) !== 0) return true
  const classes = valuesOf(entry, 'objectClass').map((value) => value.toString('latin1').toLowerCase())
  if (classes.some((name) => name === 'computer' || name === 'msds-groupmanagedserviceaccount' || name === 'msds-managedserviceaccount')) {
    return true
  }
  const sid = valuesOf(entry, 'objectSid')[0]
  return sid !== undefined && isWellKnown(sid)
}

/** Below 1000 are those that every domain is born with; with fewer parts it is not of a domain at all. */
function isWellKnown(sid: Buffer): boolean {
  const parts = sid.readUInt8(1)
  return parts < 5 || sid.readUInt32LE(sid.length - 4) < 1000
}

const operations: Operation[] = ['create', 'update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'set-secret']
const groupOperations: Operation[] = ['create', 'update', 'rename', 'delete', 'grant', 'revoke']

function userAttributes(rdn: string): AttributeDescription[] {
  return [
    {
      name: 'container', title: 'Organisational unit', type: 'reference', naming: true, compare: 'dn',
      description: 'DN of the OU. It must exist. A change moves the account.',
    },
    { name: rdn, title: 'Name in the tree', type: 'text', required: true, naming: true, description: 'Unique within its OU; 64 characters at most' },
    {
      name: 'sAMAccountName', title: 'Logon name (before Windows 2000)', type: 'text', required: true, unique: true, compare: 'ignore-case',
      description: '20 characters at most, none of " / \\ [ ] : ; | = , + * ? < > @',
    },
    { name: 'userPrincipalName', title: 'Logon name', type: 'text', unique: true, compare: 'ignore-case', description: 'name@domain' },
    { name: 'mail', title: 'E-mail', type: 'text', compare: 'ignore-case' },
    { name: 'displayName', title: 'Display name', type: 'text' },
    { name: 'givenName', title: 'First name', type: 'text' },
    { name: 'sn', title: 'Last name', type: 'text' },
    { name: 'initials', title: 'Initials', type: 'text' },
    { name: 'description', title: 'Description', type: 'text' },
    { name: 'department', title: 'Department', type: 'text' },
    { name: 'title', title: 'Job title', type: 'text' },
    { name: 'company', title: 'Company', type: 'text' },
    { name: 'physicalDeliveryOfficeName', title: 'Office', type: 'text' },
    { name: 'employeeID', title: 'Employee ID', type: 'text' },
    { name: 'employeeNumber', title: 'Employee number', type: 'text' },
    { name: 'employeeType', title: 'Employee type', type: 'text' },
    { name: 'manager', title: 'Manager', type: 'reference', compare: 'dn', description: 'DN of the manager\'s account' },
    { name: 'telephoneNumber', title: 'Telephone', type: 'text' },
    { name: 'mobile', title: 'Mobile', type: 'text' },
    { name: 'streetAddress', title: 'Street', type: 'text' },
    { name: 'l', title: 'City', type: 'text' },
    { name: 'postalCode', title: 'Postal code', type: 'text' },
    { name: 'st', title: 'State', type: 'text' },
    { name: 'c', title: 'Country', type: 'text', description: 'Two letters' },
    { name: 'accountExpires', title: 'Expires', type: 'instant', description: 'An instant; the account cannot sign in from then on' },
    { name: 'proxyAddresses', title: 'Mail addresses', type: 'text', multiValued: true },
    { name: 'otherTelephone', title: 'Other telephones', type: 'text', multiValued: true },
    { name: 'homeDirectory', title: 'Home folder', type: 'text' },
    { name: 'homeDrive', title: 'Home drive', type: 'text' },
    { name: 'scriptPath', title: 'Logon script', type: 'text' },
  ]
}

const groupAttributes: AttributeDescription[] = [
  { name: 'container', title: 'Organisational unit', type: 'reference', naming: true, compare: 'dn' },
  { name: 'cn', title: 'Name in the tree', type: 'text', required: true, naming: true },
  { name: 'sAMAccountName', title: 'Group name', type: 'text', required: true, unique: true, compare: 'ignore-case' },
  { name: 'displayName', title: 'Display name', type: 'text' },
  { name: 'description', title: 'Description', type: 'text' },
  { name: 'mail', title: 'E-mail', type: 'text', compare: 'ignore-case' },
  { name: 'groupType', title: 'Kind of group', type: 'number', description: '-2147483646: global security group, the default' },
  { name: 'managedBy', title: 'Managed by', type: 'reference', compare: 'dn' },
]
