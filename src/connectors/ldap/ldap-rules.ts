/** What a directory demands of values and answers with a number only. */
import { UsherError } from '../../domain/errors.ts'
import type { LdapConfig } from './ldap-config.ts'

const accountNameMax = 20
const groupNameMax = 256
const forbidden = /["/\\[\]:;|=,+*?<>@]/

/** Throws unless Active Directory takes this as sAMAccountName. */
export function checkAccountName(config: LdapConfig, objectType: string, name: string): void {
  if (config.profile !== 'active-directory') return
  const max = objectType === 'user' ? accountNameMax : groupNameMax
  const bad = forbidden.exec(name)?.[0]
  const wrong = name.length > max ? `has ${name.length} characters; ${max} are allowed`
    : bad ? `holds ${bad}, which is not allowed`
      : name.endsWith('.') ? 'ends with a dot'
        : undefined
  if (wrong) throw new UsherError('SYSTEM_REFUSED', `sAMAccountName "${name}" ${wrong}`)
}
