/** OpenLDAP: inetOrgPerson with posixAccount, groupOfNames, groupOfUniqueNames and posixGroup. */
import type { AttributeDescription } from '../connector.ts'
import { groupsBase, usersBase } from './ldap-config.ts'
import type { LdapConfig } from './ldap-config.ts'
import { anyOf, equals, parseFilter, textOf } from './ldap-profile.ts'
import type { Profile } from './ldap-profile.ts'

/** A value of userPassword that no password fits: slapd refuses what begins with a scheme that it does not know. */
export const disabledMark = '{DISABLED}'
/** ppolicy's way of saying "locked by an administrator". */
export const lockedForever = '000001010000Z'

const person = ['top', 'person', 'organizationalPerson', 'inetOrgPerson']
const posix = new Set(['uidNumber', 'gidNumber', 'homeDirectory', 'loginShell', 'gecos'])

export function openLdap(config: LdapConfig): Profile {
  const rdn = config.users.rdn ?? 'uid'
  const userClass = config.users.objectClasses?.find((name) => name.toLowerCase() !== 'top') ?? 'inetOrgPerson'
  const groupClasses = config.groups.objectClasses ?? ['groupOfNames']
  const usesPpolicy = config.disable === 'pwdAccountLockedTime'
  return {
    types: {
      user: {
        name: 'user',
        base: usersBase(config),
        filter: equals('objectClass', userClass),
        extraFilter: parseFilter(config.users.filter),
        rdn,
        objectClasses: (attributes) => config.users.objectClasses ??
          (Object.keys(attributes).some((name) => posix.has(name)) ? [...person, 'posixAccount'] : person),
        description: {
          name: 'user', title: 'User', kind: 'account', attributes: userAttributes(rdn),
          operations: ['create', 'update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'set-secret'],
        },
      },
      group: {
        name: 'group',
        base: groupsBase(config),
        filter: anyOf(['groupOfNames', 'groupOfUniqueNames', 'posixGroup'].map((name) => equals('objectClass', name))),
        extraFilter: parseFilter(config.groups.filter),
        rdn: 'cn',
        objectClasses: () => groupClasses,
        description: {
          name: 'group', title: 'Group', kind: 'entitlement', attributes: groupAttributes,
          operations: ['create', 'update', 'rename', 'delete', 'grant', 'revoke'],
        },
      },
    },
    idAttribute: 'entryUUID',
    decodeId: (bytes) => bytes.toString('latin1'),
    idFilter: (id) => equals('entryUUID', id),
    nameFilter: (dn) => equals('entryDN', dn),
    searchControls: () => [],
    codecs: {},
    traceAttributes: { at: 'modifyTimestamp', by: 'modifiersName' },
    stateAttributes: { user: usesPpolicy ? ['pwdAccountLockedTime'] : [], group: [] },
    // Without ppolicy the state is in the password, which is not read: a search finds the disabled ones.
    enabled: (entry) => (usesPpolicy ? textOf(entry, 'pwdAccountLockedTime') !== lockedForever : undefined),
    builtIn: () => false,
  }
}

function userAttributes(rdn: string): AttributeDescription[] {
  const naming = { naming: true, required: true } as const
  return [
    {
      name: 'container', title: 'Organisational unit', type: 'reference', naming: true, compare: 'dn',
      description: 'DN of the entry above. It must exist. A change moves the account.',
    },
    { name: 'uid', title: 'Logon name', type: 'text', unique: true, compare: 'ignore-case', ...(rdn === 'uid' ? naming : {}) },
    { name: 'cn', title: 'Name', type: 'text', required: true, ...(rdn === 'cn' ? naming : {}) },
    { name: 'sn', title: 'Last name', type: 'text', required: true },
    { name: 'givenName', title: 'First name', type: 'text' },
    { name: 'displayName', title: 'Display name', type: 'text' },
    { name: 'mail', title: 'E-mail', type: 'text', compare: 'ignore-case' },
    { name: 'employeeNumber', title: 'Employee number', type: 'text' },
    { name: 'employeeType', title: 'Employee type', type: 'text' },
    { name: 'title', title: 'Job title', type: 'text' },
    { name: 'departmentNumber', title: 'Department', type: 'text' },
    { name: 'o', title: 'Organisation', type: 'text' },
    { name: 'ou', title: 'Unit', type: 'text' },
    { name: 'l', title: 'City', type: 'text' },
    { name: 'manager', title: 'Manager', type: 'reference', compare: 'dn', description: 'DN of the manager\'s account' },
    { name: 'telephoneNumber', title: 'Telephone', type: 'text' },
    { name: 'mobile', title: 'Mobile', type: 'text' },
    { name: 'description', title: 'Description', type: 'text' },
    { name: 'preferredLanguage', title: 'Language', type: 'text' },
    { name: 'uidNumber', title: 'POSIX user number', type: 'number', unique: true, description: 'With it the account is a posixAccount' },
    { name: 'gidNumber', title: 'POSIX group number', type: 'number' },
    { name: 'homeDirectory', title: 'Home directory', type: 'text' },
    { name: 'loginShell', title: 'Shell', type: 'text' },
    { name: 'gecos', title: 'GECOS', type: 'text', description: 'ASCII only' },
  ]
}

const groupAttributes: AttributeDescription[] = [
  { name: 'container', title: 'Organisational unit', type: 'reference', naming: true, compare: 'dn' },
  { name: 'cn', title: 'Name', type: 'text', required: true, naming: true },
  { name: 'description', title: 'Description', type: 'text' },
  { name: 'gidNumber', title: 'POSIX group number', type: 'number', description: 'Required for a posixGroup' },
]
