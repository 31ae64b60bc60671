/** What an LDAP system's configuration holds. The form, the documentation and the schema of policy files come from it. */
import { z } from 'zod'
import { parseDn } from './dn.ts'

const dn = z.string().min(3).refine(isDn, 'not a distinguished name such as ou=people,dc=example,dc=org')
const filter = z.string().regex(/^\(.*\)$/s, 'a filter stands in parentheses, such as (department=Sales)')

const users = z.strictObject({
  base: dn.optional().meta({ title: 'Base of users', description: 'Where users are read, and where they are created unless the mapping gives `container`. Without it, the base.' }),
  filter: filter.optional().meta({ title: 'Filter', description: 'Only users that meet it are read' }),
  objectClasses: z.array(z.string()).optional().meta({ title: 'Object classes', description: 'What a new user is' }),
  rdn: z.string().optional().meta({ title: 'Naming attribute', description: '`cn` in Active Directory; `uid` or `cn` in OpenLDAP' }),
}).default({}).meta({ title: 'Users' })

const groups = z.strictObject({
  base: dn.optional().meta({ title: 'Base of groups' }),
  filter: filter.optional().meta({ title: 'Filter', description: 'Only groups that meet it are read' }),
  objectClasses: z.array(z.string()).optional().meta({ title: 'Object classes', description: 'What a new group is: `groupOfNames` or `posixGroup` in OpenLDAP' }),
  placeholder: dn.optional().meta({
    title: 'Placeholder member',
    description: 'A groupOfNames cannot be empty. When its last member leaves, this name takes the place; it is never shown as a member.',
  }),
}).default({}).meta({ title: 'Groups' })

const tls = z.strictObject({
  ca: z.string().optional().meta({ title: 'CA certificate', description: 'PEM text, or the path of a PEM file' }),
  serverName: z.string().optional().meta({ title: 'Name in the certificate', description: 'When it differs from the host in the URL' }),
  rejectUnauthorized: z.boolean().default(true).meta({ title: 'Check the certificate', description: 'Switch off for a first try only' }),
}).default({ rejectUnauthorized: true }).meta({ title: 'TLS' })

export const ldapConfig = z.strictObject({
  url: z.string().regex(/^ldaps?:\/\/(\[[0-9a-f:]+\]|[^/:\s]+)(:\d+)?\/?$/i, 'a URL such as ldaps://dc1.example.org')
    .meta({ title: 'URL', description: 'ldaps://host or ldap://host, with the port where it is not 636 or 389' }),
  profile: z.enum(['active-directory', 'openldap']).meta({ title: 'Product' }),
  bindDn: z.string().min(1).meta({ title: 'Sign in as', description: 'DN of the account that Usher uses' }),
  password: z.string().min(1).meta({ title: 'Password', description: 'Reference to the stored secret', secret: true }),
  reader: z.strictObject({
    bindDn: z.string().min(1).meta({ title: 'Sign in as' }),
    password: z.string().min(1).meta({ title: 'Password', description: 'Reference to the stored secret', secret: true }),
  }).optional().meta({
    title: 'For reading',
    description: 'Another account for reads and previews, which needs no right to write. In OpenLDAP it must be allowed to search by userPassword, by which disabled accounts are known.',
  }),
  startTls: z.boolean().default(false).meta({ title: 'StartTLS', description: 'Encrypt a connection that began with ldap://' }),
  tls,
  base: dn.meta({ title: 'Base', description: 'Nothing outside of it is looked at' }),
  users,
  groups,
  protected: z.array(z.string()).default([]).meta({ title: 'Protected', description: 'DNs that are never changed; `*` stands for any text' }),
  parallel: z.int().min(1).max(64).optional().meta({
    title: 'Changes at once', description: 'Changes carried out side by side, 16 without it: each on a connection of its own in Active Directory, four on one in OpenLDAP',
  }),
  pageSize: z.int().min(1).max(10_000).default(1000).meta({ title: 'Page size', description: 'Entries asked for at a time; Active Directory gives 1,000 at most' }),
  timeoutSeconds: z.int().min(1).max(600).default(30).meta({ title: 'Timeout', description: 'Seconds that the server may stay silent' }),
  defaults: z.record(z.string(), z.string()).default({}).meta({
    title: 'Values for new users', description: 'Given to a new user where the mapping gives none, such as loginShell and gidNumber',
  }),
  disable: z.enum(['password', 'pwdAccountLockedTime']).default('password').meta({
    title: 'How OpenLDAP accounts are disabled',
    description: 'password: the password is kept but set aside, on any server. pwdAccountLockedTime: needs the ppolicy overlay and a policy with pwdLockout TRUE.',
  }),
  passwords: z.enum(['ssha', 'server']).default('ssha').meta({
    title: 'Who hashes passwords for OpenLDAP',
    description: 'ssha: Usher, before they are sent. server: the ppolicy overlay with ppolicy_hash_cleartext; needs TLS.',
  }),
}).refine((config) => !(config.startTls && config.url.toLowerCase().startsWith('ldaps')), {
  path: ['startTls'], message: 'StartTLS is for ldap:// URLs; ldaps:// is encrypted from the start',
}).refine((config) => !(config.passwords === 'server' && config.disable === 'password'), {
  path: ['passwords'], message: '`server` needs disable: pwdAccountLockedTime, because the server would hash the mark of a disabled account',
}).meta({ title: 'LDAP directory' })

export type LdapConfig = z.infer<typeof ldapConfig>

/** Changes carried out side by side. */
export function parallelOf(config: LdapConfig): number {
  return config.parallel ?? 16
}

/**
 * OpenLDAP takes several operations on one connection. It has one writer, which waits for the disk most of the time: a few
 * more on their way keep it busy while Usher computes. One connection that breaks takes few changes with it.
 */
export function poolSizeOf(config: LdapConfig): { connections: number, operations: number } {
  const operations = config.profile === 'openldap' ? 4 : 1
  return { connections: Math.max(2, Math.ceil(parallelOf(config) / operations)), operations }
}

/** Where users are read and created. */
export function usersBase(config: LdapConfig): string {
  return config.users.base ?? config.base
}

/** Where groups are read and created. */
export function groupsBase(config: LdapConfig): string {
  return config.groups.base ?? config.base
}

function isDn(text: string): boolean {
  try {
    return parseDn(text).length > 0
  } catch {
    return false
  }
}
