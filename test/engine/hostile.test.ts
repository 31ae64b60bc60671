/**
 * A hostile connector in every preview: it takes each call for reading as an invitation to write, with all that it was
 * given, on a real directory and a real database. Where reading has a login of its own, nothing of either changes.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { ConnectorDefinition, Reader, Secrets, SystemChange } from '../../src/connectors/connector.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { postgresqlConnector } from '../../src/connectors/postgresql/postgresql-connector.ts'
import { accountJobs } from '../../src/domain/policy.ts'
import { systemOf } from '../../src/engine/context.ts'
import { currentRevision } from '../../src/store/policy.ts'
import { startWarehouse, type Warehouse } from '../contract/postgresql-server.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { openWorld, type World } from './plan-fixture.ts'

const template = ldapConnector.templates!.find((t) => t.id === 'openldap-users')!
let slapd: Slapd
let warehouse: Warehouse
let server: TestPostgres
let w: World
const attacks: { call: string; words: string }[] = []

before(async () => {
  ;[slapd, warehouse, server] = await Promise.all([startSlapd({ ldif: people() }), startWarehouse('embedded'), startPostgres()])
  await warehouse.query(`create role looker login password 'looker'; create role "ann.ek" login`)
  w = await openWorld(server, (policy) => {
    Object.assign(policy, hostilePolicy(policy))
  })
  w.context.connectors.push(hostile(ldapConnector as ConnectorDefinition, 'hostile-ldap'), hostile(postgresqlConnector as ConnectorDefinition, 'hostile-postgresql'))
  const known: Record<string, string> = {
    'directory/writer': slapd.password, 'directory/reader': slapd.reader.password, 'warehouse/writer': await warehouse.secrets('warehouse/password'), 'warehouse/reader': 'looker',
  }
  w.context.secrets = async (reference) => known[reference]!
})
after(async () => {
  await w?.close()
  await Promise.all([slapd?.stop(), warehouse?.stop(), server?.stop()])
})

test('reading, planning, previewing and explaining change nothing, however hard the connector tries', async () => {
  const [entries, rows] = [dump(), await counters()]
  await w.hr([{ id: '1', first: 'Ann', last: 'Ek', department: 'Sales' }, { id: '2', first: 'Bo', last: 'Lind', department: 'Data' }])
  const plan = await w.plan()
  // It read what is there, so the plan is no less good for it; what it plans for systems waits for an approval.
  assert.deepEqual(plan.people, ['create Ann Ek', 'create Bo Lind'])
  const [ann, bo] = [`uid=ann,ou=people,${slapd.baseDn}`, `uid=blind,ou=people,${slapd.baseDn}`]
  assert.deepEqual(plan.systems, [`link ${ann} planned`, 'create bo.lind planned', `create ${bo} planned`, `update ${ann} planned`])
  const { policy } = await currentRevision(w.pool)
  const person = await w.person('1')
  for (const job of accountJobs(policy)) await w.engine.previewJob({ job, personId: person })
  await w.engine.why(person)
  // As if it had been linked: a plan for one person looks the account up.
  await w.pool.query(`update account set person_id = $1, job_id = 'users' where name = $2`, [person, ann])
  await w.plan({ people: [person] })
  for (const id of ['directory', 'warehouse']) await w.engine.readSystem(id, 'ada')
  assert.deepEqual([dump(), await counters()], [entries, rows])
  const words = attacks.map((a) => a.words).join('\n')
  for (const call of ['read', 'lookup', 'close']) assert.ok(attacks.filter((a) => a.call === call).length > 4, `${call} was tried`)
  assert.match(words, /may not|insufficient access|permission denied|must have|has no use for the secret/i)
  assert.deepEqual(attacks.filter((a) => a.words === ''), [], 'no attempt came through')
})

test('the very same attempts, with the login that writes, would have come through', async () => {
  const { policy } = await currentRevision(w.pool)
  const before = dump()
  const { reader: _, ...config } = systemOf(policy, 'directory').config
  attacks.length = 0
  const open = hostile(ldapConnector as ConnectorDefinition, 'hostile-ldap').openReader(ldapConnector.configSchema.parse(config), w.context.secrets)
  for await (const _page of open.read({ objectTypes: [] }, new AbortController().signal)) { /* it writes */ }
  await open.close()
  assert.ok(attacks.some((a) => a.words === ''))
  assert.notEqual(dump(), before)
})

/* ------------------------------------------------------------------ the connector */

function hostile(real: ConnectorDefinition, kind: string): ConnectorDefinition {
  return {
    ...real, kind,
    openReader(config, secrets) {
      const reader = real.openReader(config, secrets)
      const attack = (call: string): Promise<void> => tryEverything(real, config, secrets, call)
      return {
        ...reader,
        check: async (signal) => { await attack('check'); return await reader.check(signal) },
        async* read(scope, signal) {
          await attack('read')
          return yield* reader.read(scope, signal)
        },
        lookup: async (wanted, scope, signal) => { await attack('lookup'); return await reader.lookup!(wanted, scope, signal) },
        close: async () => { await attack('close'); await reader.close() },
      } satisfies Reader
    },
  }
}

/** Every change there is, as the login that was given for reading, and with each secret that can be guessed. */
async function tryEverything(real: ConnectorDefinition, config: unknown, secrets: Secrets, call: string): Promise<void> {
  const { reader, ...own } = config as { reader?: object; bindDn?: string }
  for (const login of [own, { ...own, ...reader }]) {
    const writer = real.openWriter!(login, secrets)
    const [user, id] = real.kind === 'ldap' ? ['user', idOf()] : ['user', await warehouse.oid('ann.ek')]
    const name = real.kind === 'ldap' ? `uid=ann,ou=people,${slapd.baseDn}` : 'ann.ek'
    const target = { objectType: user, id, name }
    const created = real.kind === 'ldap' ? `uid=mallory,ou=people,${slapd.baseDn}` : 'mallory'
    const changes: SystemChange[] = [
      { kind: 'create', objectType: user, name: created, attributes: real.kind === 'ldap' ? { uid: 'mallory', cn: 'Mallory', sn: 'M' } : { name: 'mallory' }, enabled: true, secret: 'Secret-12345' },
      { kind: 'update', ...target, set: real.kind === 'ldap' ? { title: 'Queen' } : { comment: 'Queen' }, clear: [] },
      { kind: 'disable', ...target }, { kind: 'enable', ...target }, { kind: 'set-secret', ...target, secret: 'Secret-12345' }, { kind: 'delete', ...target },
    ]
    for (const change of changes) {
      const words = await writer.apply(change, AbortSignal.timeout(10_000)).then((o) => (o.outcome === 'failed' ? o.words : o.outcome === 'already' ? 'so already' : ''), (error: Error) => error.message)
      attacks.push({ call, words })
    }
    if (writer.endSessions !== undefined) {
      const ended = await writer.endSessions(target, AbortSignal.timeout(10_000)).then((o) => (o.outcome === 'failed' ? o.words : 'nothing to end'), (error: Error) => error.message)
      attacks.push({ call, words: ended })
    }
    await writer.close()
  }
}

/* ------------------------------------------------------------------ what is there */

function people(): string { return `dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann Ek
sn: Ek
givenName: Ann
employeeNumber: 1
`
}

function idOf(): string {
  return /^entryUUID: (.+)$/m.exec(slapd.tool('ldapsearch', ['-LLL', '-b', slapd.baseDn, '(uid=ann)', 'entryUUID']))?.[1] ?? ''
}

/** Every entry with what the server notes of each write. */
const dump = (): string => slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', slapd.baseDn, '(objectClass=*)', '*', '+'])

/** Rows written in the server's own tables of roles, rights and comments, and in the database. */
async function counters(): Promise<unknown> {
  const client = new pg.Client({ connectionString: warehouse.server.urlFor('warehouse') })
  await client.connect()
  try {
    return (await client.query(
      `select (select jsonb_agg(to_jsonb(r) - 'rolpassword' order by oid) from pg_roles r) as roles, (select jsonb_agg(rolpassword order by oid) from pg_authid) as passwords,
              (select jsonb_agg(to_jsonb(m) order by m.oid) from pg_auth_members m) as members, (select jsonb_agg(relacl::text order by oid) from pg_class) as rights,
              (select jsonb_agg(d.description order by d.objoid) from pg_shdescription d) as comments`)).rows[0]
  } finally {
    await client.end()
  }
}

function hostilePolicy(policy: { systems: object[]; jobs: object[] }): object {
  return {
    systems: [policy.systems[0]!,
      {
        id: 'directory', name: 'Directory', connector: 'hostile-ldap', method: 'approve', protected: [], authoritative: [],
        config: {
          url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'directory/writer', base: slapd.baseDn, users: { base: `ou=people,${slapd.baseDn}` },
          reader: { bindDn: slapd.reader.bindDn, password: 'directory/reader' },
        },
      },
      {
        id: 'warehouse', name: 'Warehouse', connector: 'hostile-postgresql', method: 'approve', protected: [], authoritative: [],
        config: {
          host: warehouse.server.host, port: warehouse.server.port, database: 'warehouse', user: 'usher', password: 'warehouse/writer',
          reader: { user: 'looker', password: 'warehouse/reader' },
        },
      }],
    jobs: [policy.jobs[0]!,
      { ...(policy.jobs[1] as object), id: 'users', destination: 'directory', objectType: 'user', method: 'approve', mapping: template.mapping, match: ['employeeNumber'], initialPassword: 'none' },
      {
        ...(policy.jobs[1] as object), id: 'roles', destination: 'warehouse', objectType: 'user', method: 'approve', match: ['name'], initialPassword: 'none',
        mapping: { name: 'unique([lower(ascii(person.givenName)) + "." + lower(ascii(person.surname))])' },
      }],
    roles: [], rules: [],
  }
}
