/** How passwords are written, and how OpenLDAP accounts are switched off by them. */
import { createHash, randomBytes } from 'node:crypto'
import { Attribute, Change } from 'ldapts'
import { disabledMark } from './ldap-profile-openldap.ts'

/** Active Directory takes a password in quotes as UTF-16. */
export function unicodePassword(secret: string): Buffer {
  return Buffer.from(`"${secret}"`, 'utf16le')
}

/** Salted SHA-1, which every OpenLDAP server can check without a module. */
export function sshaPassword(secret: string): string {
  const salt = randomBytes(16)
  const digest = createHash('sha1').update(secret, 'utf8').update(salt).digest()
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`
}

/** Values of userPassword for an account that is disabled: the mark, and what is kept for later. */
export function setAside(values: string[]): string[] {
  return [disabledMark, ...values.filter((value) => value !== disabledMark).map((value) => (isSetAside(value) ? value : disabledMark + value))]
}

/** The values as they were before `setAside`. */
export function putBack(values: string[]): string[] {
  return values.filter((value) => value !== disabledMark).map((value) => (isSetAside(value) ? value.slice(disabledMark.length) : value))
}

export function isSetAside(value: string): boolean {
  return value.startsWith(disabledMark)
}

/** Turns these values into those, and only if nobody changed them meanwhile. */
export function swapValues(attribute: string, before: string[], after: string[]): Change[] {
  return [
    ...(before.length > 0 ? [new Change({ operation: 'delete', modification: new Attribute({ type: attribute, values: before }) })] : []),
    ...(after.length > 0 ? [new Change({ operation: 'add', modification: new Attribute({ type: attribute, values: after }) })] : []),
  ]
}

export function replace(attribute: string, values: (string | Buffer)[]): Change {
  return new Change({ operation: 'replace', modification: attributeOf(attribute, values) })
}

export function attributeOf(type: string, values: (string | Buffer)[]): Attribute {
  return new Attribute({ type, values: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)) })
}
