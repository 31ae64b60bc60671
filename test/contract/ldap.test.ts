/** The contract, kept by both kinds of directory on real servers. */
import { ldapConfig } from '../../src/connectors/ldap/ldap-config.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { Client } from 'ldapts'
import { readFileSync } from 'node:fs'
import { contractSuite } from './contract.ts'
import { withServers } from '../servers/install.ts'
import { startSamba } from '../servers/samba.ts'
import { startSlapd } from '../servers/slapd.ts'

withServers(['slapd'], () => contractSuite('openldap', async () => {
  const slapd = await startSlapd({ ldif: openLdapStart })
  const config = ldapConfig.parse({
    url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'directory', base: slapd.baseDn,
    users: { base: `ou=people,${slapd.baseDn}` }, groups: { base: `ou=groups,${slapd.baseDn}` },
    protected: [`uid=root,ou=people,${slapd.baseDn}`],
  })
  const secrets = async (): Promise<string> => slapd.password
  const entry = (objectType: string, name: string) => ({ objectType, name, id: idOf(slapd.tool, name, 'entryUUID') })
  let passwords = 0
  return {
    definition: { ...ldapConnector, templates: ldapConnector.templates?.filter(({ id }) => id.startsWith('openldap')) },
    access: { config, secrets },
    smallPages: { config: { ...config, pageSize: 4 }, secrets },
    wrongCredentials: { config, secrets: async () => 'wrong' },
    unreachable: { config: { ...config, url: 'ldap://127.0.0.1:1' }, secrets },
    account: {
      objectType: 'user',
      make: (label) => ({
        uid: label, cn: `Person ${label}`, sn: 'Person', mail: `${label}@example.org`, employeeNumber: `e-${label}`,
        uidNumber: 10_000 + Number(label.slice(1)), gidNumber: 100, homeDirectory: `/home/${label}`, telephoneNumber: ['+49 30 1', '+49 30 2'],
      }),
      renamed: (label) => ({ uid: `${label}-renamed` }),
      change: { displayName: 'Somebody else', title: 'Director', gidNumber: 200 },
      clear: ['displayName', 'telephoneNumber'],
      unicode: { displayName: 'Zoë Ağaoğlu 李小龍 🦊', cn: 'Łukasz Żółć', sn: 'Żółć' },
      uniqueAttribute: 'employeeNumber',
      hostile: ['Smith, John', '#5', ' lead and trail ', 'a+b="c"<d>;e\\f', '*)(uid=*', 'Łukasz Żółć'].map((uid) => ({ uid })),
      newSecret: () => `Secret-${++passwords}-long`,
    },
    entitlements: [entry('group', `cn=sales,ou=groups,${slapd.baseDn}`), entry('group', `cn=support,ou=groups,${slapd.baseDn}`)],
    protectedAccount: entry('user', `uid=root,ou=people,${slapd.baseDn}`),
    signsIn: (name, _attributes, secret) => binds(slapd.url, name, secret),
    manyMembers: 1600,
    writes: async () => slapd.writes(),
    notSupported: ['sessions'],
    tearDown: () => slapd.stop(),
  }
}))

withServers(['samba'], () => contractSuite('active-directory', async () => {
  const samba = await startSamba()
  samba.tool('ldapadd', [], activeDirectoryStart)
  const config = ldapConfig.parse({
    url: samba.url, profile: 'active-directory', bindDn: samba.bindDn, password: 'directory', base: samba.baseDn, tls: { ca: samba.ca },
    // Samba takes turns at writing; more at once only wait for each other.
    parallel: 2,
    users: { base: `OU=Staff,${samba.baseDn}` }, groups: { base: `OU=Groups,${samba.baseDn}` },
  })
  const secrets = async (): Promise<string> => samba.password
  const entry = (objectType: string, name: string) => ({ objectType, name, id: guidOf(samba.tool, name) })
  let passwords = 0
  return {
    definition: { ...ldapConnector, templates: ldapConnector.templates?.filter(({ id }) => id.startsWith('active')) },
    access: { config, secrets },
    smallPages: { config: { ...config, pageSize: 4 }, secrets },
    wrongCredentials: { config, secrets: async () => 'wrong' },
    unreachable: { config: { ...config, url: 'ldaps://127.0.0.1:1' }, secrets },
    account: {
      objectType: 'user',
      make: (label) => ({
        cn: `Person ${label}`, sAMAccountName: label, userPrincipalName: `${label}@corp.example`, displayName: `Person ${label}`,
        mail: `${label}@corp.example`, employeeID: `e-${label}`, proxyAddresses: [`SMTP:${label}@corp.example`, `smtp:${label}@example.org`],
      }),
      renamed: (label) => ({ cn: `Person ${label} renamed` }),
      change: { title: 'Director', department: 'Sales', accountExpires: '2027-01-01T00:00:00Z' },
      clear: ['displayName', 'proxyAddresses'],
      unicode: { displayName: 'Zoë Ağaoğlu 李小龍 🦊', givenName: 'Łukasz', sn: 'Żółć' },
      uniqueAttribute: 'employeeID',
      hostile: ['Smith, John', '#5', 'a+b="c"<d>;e\\f', '*)(cn=*', 'Łukasz Żółć'].map((cn) => ({ cn })),
      newSecret: () => `Secret-${++passwords}-long`,
    },
    entitlements: [entry('group', `CN=Sales,OU=Groups,${samba.baseDn}`), entry('group', `CN=Support,OU=Groups,${samba.baseDn}`)],
    protectedAccount: entry('user', `CN=Administrator,CN=Users,${samba.baseDn}`),
    signsIn: (name, _attributes, secret) => binds(samba.url, name, secret, samba.ca),
    manyMembers: 1510,
    writes: async () => samba.writes(),
    notSupported: ['sessions'],
    tearDown: () => samba.stop(),
  }
}))

type Tool = (command: 'ldapsearch', args: string[]) => string

function idOf(tool: Tool, dn: string, attribute: string): string {
  return new RegExp(`^${attribute}: (.*)$`, 'm').exec(tool('ldapsearch', ['-LLL', '-s', 'base', '-b', dn, attribute]))?.[1] ?? ''
}

function guidOf(tool: Tool, dn: string): string {
  const base64 = /^objectGUID:: (.*)$/m.exec(tool('ldapsearch', ['-LLL', '-s', 'base', '-b', dn, 'objectGUID']))?.[1] ?? ''
  const hex = Buffer.from(base64, 'base64').toString('hex')
  const [, a = '', b = '', c = '', d, e] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex) ?? []
  return `${[a, b, c].map((part) => Buffer.from(part, 'hex').reverse().toString('hex')).join('-')}-${d}-${e}`
}

/** Whether the directory lets somebody in, asked by another client than the connector's. */
async function binds(url: string, dn: string, password: string, ca?: string): Promise<boolean> {
  const client = new Client({ url, ...(ca ? { tlsOptions: { ca: readFileSync(ca) } } : {}) })
  try {
    await client.bind(dn, password)
    return true
  } catch {
    return false
  } finally {
    await client.unbind()
  }
}

const openLdapStart = `dn: uid=root,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: root
cn: root
sn: root
employeeNumber: e-root
userPassword: of-root

dn: cn=sales,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: sales
member: cn=nobody,dc=example,dc=org

dn: cn=support,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: support
gidNumber: 5000
`

const activeDirectoryStart = `dn: OU=Staff,DC=corp,DC=example
objectClass: organizationalUnit

dn: OU=Groups,DC=corp,DC=example
objectClass: organizationalUnit

dn: CN=Sales,OU=Groups,DC=corp,DC=example
objectClass: group
sAMAccountName: Sales

dn: CN=Support,OU=Groups,DC=corp,DC=example
objectClass: group
sAMAccountName: Support
`
