/** Jobs with the required fields filled in, offered when a directory is added. */
import type { JobTemplate } from '../connector.ts'

/** First letter and surname, in letters and digits only: a name may hold what no system takes in a logon name. */
const logonName = (longest: number): string => {
  const plain = (attribute: string): string => `regexReplace(lower(ascii(person.${attribute})), "[^a-z0-9]", "")`
  const name = `left(${plain('givenName')}, 1) + left(${plain('surname')}, ${longest})`
  return `unique([${name}, ${name} + "{n}"])`
}

export const templates: JobTemplate[] = [
  {
    id: 'active-directory-users',
    title: 'People to Active Directory users',
    objectType: 'user',
    mapping: {
      cn: 'unique([person.displayName, person.displayName + " {n}"])',
      sAMAccountName: logonName(15),
      userPrincipalName: 'person.email',
      displayName: 'person.displayName',
      givenName: 'person.givenName',
      sn: 'person.surname',
      mail: 'person.email',
      employeeID: 'person.employeeId',
      title: 'position.title',
      department: 'position.department',
      manager: 'person.manager',
    },
    match: ['employeeID', 'mail'],
  },
  {
    id: 'openldap-users',
    title: 'People to OpenLDAP users',
    objectType: 'user',
    mapping: {
      uid: logonName(30),
      cn: 'person.displayName',
      sn: 'coalesce(person.surname, person.displayName)',
      givenName: 'person.givenName',
      displayName: 'person.displayName',
      mail: 'person.email',
      employeeNumber: 'person.employeeId',
      title: 'position.title',
      departmentNumber: 'position.department',
      manager: 'person.manager',
    },
    match: ['employeeNumber', 'mail'],
  },
]
