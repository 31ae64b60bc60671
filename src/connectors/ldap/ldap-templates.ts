/** Jobs with the required fields filled in, offered when a directory is added. */
import type { JobTemplate } from '../connector.ts'

export const templates: JobTemplate[] = [
  {
    id: 'active-directory-users',
    title: 'People to Active Directory users',
    objectType: 'user',
    mapping: {
      cn: 'unique([person.displayName, person.displayName + " {n}"])',
      sAMAccountName: 'unique([left(lower(ascii(person.givenName)), 1) + left(lower(ascii(stripSpaces(person.surname))), 15), '
        + 'left(lower(ascii(person.givenName)), 1) + left(lower(ascii(stripSpaces(person.surname))), 15) + "{n}"])',
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
      uid: 'unique([left(lower(ascii(person.givenName)), 1) + lower(ascii(stripSpaces(person.surname))), '
        + 'left(lower(ascii(person.givenName)), 1) + lower(ascii(stripSpaces(person.surname))) + "{n}"])',
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
