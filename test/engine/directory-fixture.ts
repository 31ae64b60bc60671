/** A company whose directory is a real slapd, in which Usher has an account with rights that can be taken from it. */
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { policy as policySchema, type Policy } from '../../src/domain/policy.ts'
import type { TestPostgres } from '../servers/postgresql.ts'
import type { Slapd, SlapdOptions } from '../servers/slapd.ts'
import { openWorld, type World } from './plan-fixture.ts'

const base = 'dc=example,dc=org'
export const people = `ou=people,${base}`
export const groups = `ou=groups,${base}`
export const usherDn = `cn=usher,${base}`
const password = 'usher-of-the-test'
const template = ldapConnector.templates!.find((t) => t.id === 'openldap-users')!
const groupNames = ['sales', 'data', 'vpn']

/** The start of a directory in which Usher is not the administrator, so that rules of access hold for it. */
export const usherDirectory: SlapdOptions = {
  access: `limits dn.exact="${usherDn}" size=unlimited
access to attrs=userPassword by dn.exact="${usherDn}" write by anonymous auth by * none
access to * by dn.exact="${usherDn}" write by * break`,
  ldif: [
    `dn: ${usherDn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: usher\nuserPassword: ${password}\n`,
    ...groupNames.map((name) => `dn: cn=${name},${groups}\nobjectClass: groupOfNames\ncn: ${name}\nmember: cn=nobody\n`),
  ].join('\n'),
}

export type Entry = Record<string, string[]> & { dn: string[] }

export interface Directory extends World {
  /** What is there, as the administrator sees it. */
  entries(): Entry[]
  entry(employeeNumber: string): Entry | undefined
  /** Employee numbers of a group's members. */
  numbersIn(group: string): string[]
  disabled(): string[]
  /** Runs LDIF as the administrator. */
  modify(ldif: string): void
}

/** `sales` and `data` come by rule; the method is automatic, and no brake holds anything unless `edit` says so. */
export async function openDirectory(server: TestPostgres, slapd: Slapd, edit: (policy: Policy) => void = () => {}, url = slapd.url): Promise<Directory> {
  const w = await openWorld(server, (p) => {
    p.settings.peopleBrakes = {}
    p.systems = p.systems.filter((s) => s.id === 'hr')
    p.jobs = p.jobs.filter((j) => j.id === 'people')
    Object.assign(p, policySchema.parse({
      ...p,
      systems: [...p.systems, {
        id: 'directory', name: 'Directory', connector: 'ldap', method: 'automatic',
        brakes: Object.fromEntries(['create', 'update', 'disable', 'delete', 'grant', 'revoke'].map((kind) => [kind, {}])),
        config: {
          url, profile: 'openldap', bindDn: usherDn, password: 'directory', base, disable: 'password', pageSize: 10,
          users: { base: people }, groups: { base: groups, placeholder: 'cn=nobody' },
        },
      }],
      jobs: [...p.jobs, {
        id: 'users', name: 'Users', source: 'people', destination: 'directory', objectType: template.objectType, method: 'automatic',
        match: ['employeeNumber'], mapping: template.mapping, initialPassword: 'none', lifecycle: { deleteAfterDays: 30 },
      }],
      roles: ['sales', 'data'].map((id) => ({ id, name: id, grants: [{ system: 'directory', entitlement: id }] })),
      rules: ['Sales', 'Data'].map((name) => ({ id: name.toLowerCase(), name, when: `position.department == "${name}"`, roles: [name.toLowerCase()] })),
    }))
    edit(p)
  })
  w.context.connectors.push(ldapConnector as ConnectorDefinition)
  w.context.secrets = async () => password
  const entries = (): Entry[] => parse(slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', people, '(objectClass=inetOrgPerson)', '*']))
  const numberOf = (dn: string): string | undefined => entries().find((e) => e.dn[0]!.toLowerCase() === dn.toLowerCase())?.['employeeNumber']?.[0]
  return {
    ...w, entries,
    entry: (number) => entries().find((e) => e['employeeNumber']?.[0] === number),
    numbersIn(group) {
      const [found] = parse(slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-s', 'base', '-b', `cn=${group},${groups}`, '(objectClass=*)', 'member']))
      const numbers = new Map(entries().map((e) => [e.dn[0]!.toLowerCase(), e['employeeNumber']?.[0]]))
      return (found!['member'] ?? []).flatMap((dn) => (dn === 'cn=nobody' ? [] : numbers.get(dn.toLowerCase()) ?? dn)).toSorted(inOrder)
    },
    disabled: () => entries().filter((e) => (e['userPassword'] ?? []).some((p) => p.startsWith('{DISABLED}'))).map((e) => numberOf(e.dn[0]!) ?? '').toSorted(inOrder),
    modify: (ldif) => { slapd.tool('ldapmodify', [], ldif) },
  }
}

const inOrder = (a: string, b: string): number => Number(a) - Number(b)

function parse(ldif: string): Entry[] {
  return ldif.split('\n\n').filter((text) => text.trim() !== '').map((text) => {
    const entry: Entry = { dn: [] }
    for (const [, name, encoded, value] of text.matchAll(/^([\w;-]+):(:?) (.*)$/gm)) {
      (entry[name!] ??= []).push(encoded === ':' ? Buffer.from(value!, 'base64').toString() : value!)
    }
    return entry
  })
}
