/**
 * People with accounts in ten real systems of three kinds (two parts of an Active Directory, four of an OpenLDAP, four
 * PostgreSQL servers), a real Usher that manages them, and a probe that tries to use what a leaver had.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Client as Ldap } from 'ldapts'
import pg from 'pg'
import { connect, type Pool } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from './postgresql.ts'
import { startSamba } from './samba.ts'
import { startSlapd } from './slapd.ts'
import { startUsher, type TestUsher } from './usher.ts'

const password = 'Secret-of-the-0ne'
const parts = ['l1', 'l2', 'l3']
const units = ['a', 'b']
const servers = ['p1', 'p2', 'p3', 'p4']

export interface LeaversWorld {
  usher: TestUsher
  pool: Pool
  /** People with an account in each of the systems, by number. */
  person(n: number): string
  /** Opens a session in each database, and tells when all that the person had is refused: sessions and new sign-ins. */
  probe(n: number): Promise<Probe>
  /** Starts a plan of everything and waits until it is computed. */
  reconcile(): Promise<string>
  stop(): Promise<void>
}

export interface Probe {
  /** What still works now, by system. */
  works(): Promise<string[]>
  /** Resolves when nothing works any more, with the milliseconds since an instant of `performance.now()`, by system. */
  refused(since: number): Promise<Record<string, number>>
  close(): Promise<void>
}

const id = (n: number): string => `E${String(n).padStart(7, '0')}`

/**
 * `people` are all in the directory; the first `leavers` of them in the nine other systems, too. `durable`: with the private
 * PostgreSQL, as it comes, and a directory that writes to the disk.
 */
export async function startLeaversWorld({ people, leavers, durable = false }: { people: number; leavers: number; durable?: boolean }): Promise<LeaversWorld> {
  const [slapd, samba, ...databases] = await Promise.all([
    startSlapd({ durable, ldif: directoryEntries(people, leavers) }), startSamba(),
    ...servers.map(() => startPostgres({ settings: { max_connections: '60', shared_buffers: '16MB' } })),
  ])
  samba.tool('ldapadd', ['-c'], domainEntries(samba.baseDn, leavers))
  await Promise.all(databases.map((server) => makeRoles(server, leavers)))
  const database = durable ? null : await startPostgres()
  const usher = await startUsher(database === null ? {} : { databaseUrl: database.url })
  const pool = connect(database?.url ?? privateUrl(usher.data))
  await addPeople(pool, people, leavers)
  for (const [reference, value] of Object.entries({ slapd: slapd.password, samba: samba.password })) {
    await ok(usher.api.PUT('/api/secrets/{reference}', { params: { path: { reference } }, body: { value } }))
  }
  await Promise.all(databases.map((server, i) => ok(usher.api.PUT('/api/secrets/{reference}', { params: { path: { reference: servers[i]! } }, body: { value: server.password } }))))
  const ldap = (base: string, groups: string) => ({
    url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'slapd', base, users: { base }, groups: { base: groups },
  })
  const systems = [
    { id: 'directory', name: 'Directory', connector: 'ldap', config: { ...ldap(slapd.baseDn, `ou=groups,${slapd.baseDn}`), users: { base: `ou=people,${slapd.baseDn}` } }, method: 'automatic' },
    ...parts.map((p) => ({ id: p, name: `Directory ${p}`, connector: 'ldap', config: ldap(`ou=${p},${slapd.baseDn}`, `ou=${p},${slapd.baseDn}`), method: 'automatic' })),
    ...units.map((u) => ({
      id: `ad-${u}`, name: `Active Directory ${u}`, connector: 'ldap', method: 'automatic',
      config: {
        url: samba.url, profile: 'active-directory', bindDn: samba.bindDn, password: 'samba', base: `OU=${u},${samba.baseDn}`,
        users: { base: `OU=${u},${samba.baseDn}` }, groups: { base: `OU=${u},${samba.baseDn}` }, tls: { ca: samba.ca },
      },
    })),
    ...databases.map((server, i) => ({
      id: servers[i]!, name: `Database ${i + 1}`, connector: 'postgresql', method: 'automatic',
      config: { host: server.host, port: server.port, database: 'postgres', user: server.user, password: servers[i]! },
    })),
  ]
  const few = { scope: 'position.department == "Leavers"' }
  const common = { source: 'people', method: 'automatic', initialPassword: 'none' }
  const jobs = [
    { id: 'to-directory', name: 'To the directory', ...common, destination: 'directory', objectType: 'user', match: ['employeeNumber'], mapping: person('lower(person.employeeId)') },
    ...parts.map((p) => ({ id: `to-${p}`, name: `To ${p}`, ...common, ...few, destination: p, objectType: 'user', match: ['employeeNumber'], mapping: person('lower(person.employeeId)') })),
    ...units.map((u) => ({
      id: `to-ad-${u}`, name: `To AD ${u}`, ...common, ...few, destination: `ad-${u}`, objectType: 'user', match: ['employeeID'],
      mapping: { cn: 'person.employeeId', sAMAccountName: `"${u}-" + lower(person.employeeId)`, employeeID: 'person.employeeId' },
    })),
    ...servers.map((s) => ({ id: `to-${s}`, name: `To ${s}`, ...common, ...few, destination: s, objectType: 'role', match: ['name'], mapping: { name: 'lower(person.employeeId)' } })),
  ]
  await usePolicy(pool, { settings: { timeZone: 'UTC' }, systems, jobs })

  const reconcile = async (): Promise<string> => {
    const { planId } = await ok(usher.api.POST('/api/plans', { body: { scope: null } }))
    await until(usher, planId, ['computing'])
    return planId
  }
  // What is there becomes theirs.
  await until(usher, await reconcile(), ['computing', 'open', 'approved', 'applying'])
  const { rows: [linked] } = await pool.query<{ n: number }>('select count(*)::int as n from account where person_id is not null and gone_at is null')
  if (linked!.n !== people + 9 * leavers) throw new Error(`${linked!.n} of ${people + 9 * leavers} accounts are somebody's`)

  const { rows: leaving } = await pool.query<{ id: string }>(
    `select id from person where attributes ->> 'employeeId' <= $1 order by attributes ->> 'employeeId'`, [id(leavers)])
  const ids = leaving.map((row) => row.id)

  return {
    usher, pool, reconcile,
    person: (n) => ids[n - 1]!,
    probe: (n) => openProbe(n, slapd.url, slapd.baseDn, { url: samba.url, ca: samba.ca, base: samba.baseDn }, databases),
    async stop() {
      await pool.end()
      await usher.stop()
      await Promise.all([database, slapd, samba, ...databases].map((server) => server?.stop()))
    },
  }
}

const person = (uid: string) => ({ uid, cn: 'person.displayName', sn: 'person.surname', employeeNumber: 'person.employeeId' })

function privateUrl(dataFolder: string): string {
  const { user, password, port } = JSON.parse(readFileSync(path.join(dataFolder, 'postgres.json'), 'utf8')) as { user: string; password: string; port: number }
  return `postgres://${user}:${password}@127.0.0.1:${port}/usher`
}

function directoryEntries(people: number, leavers: number): string {
  const entry = (n: number, ou: string): string => `dn: uid=${id(n).toLowerCase()},ou=${ou},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ${id(n).toLowerCase()}\n`
    + `cn: Given Surname${n}\nsn: Surname${n}\nemployeeNumber: ${id(n)}\n${n <= leavers ? `userPassword: ${password}\n` : ''}\n`
  let ldif = parts.map((p) => `dn: ou=${p},dc=example,dc=org\nobjectClass: organizationalUnit\nou: ${p}\n\n`).join('')
  for (let n = 1; n <= people; n++) ldif += entry(n, 'people')
  for (const p of parts) for (let n = 1; n <= leavers; n++) ldif += entry(n, p)
  const members = Array.from({ length: leavers }, (_, i) => `member: uid=${id(i + 1).toLowerCase()},ou=people,dc=example,dc=org\n`).join('')
  return `${ldif}dn: cn=sales,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: sales\nmember: cn=nobody\n${members}\n`
}

function domainEntries(base: string, leavers: number): string {
  const secret = Buffer.from(`"${password}"`, 'utf16le').toString('base64')
  let ldif = units.map((u) => `dn: OU=${u},${base}\nobjectClass: organizationalUnit\n\n`).join('')
  for (const u of units) {
    for (let n = 1; n <= leavers; n++) {
      ldif += `dn: CN=${id(n)},OU=${u},${base}\nobjectClass: user\nsAMAccountName: ${u}-${id(n).toLowerCase()}\nemployeeID: ${id(n)}\nuserAccountControl: 512\nunicodePwd:: ${secret}\n\n`
    }
  }
  return ldif
}

async function makeRoles(server: TestPostgres, leavers: number): Promise<void> {
  const admin = connect(server.url, { max: 1 })
  await admin.query(`set password_encryption = 'scram-sha-256'`)
  for (let n = 1; n <= leavers; n++) await admin.query(`create role ${id(n).toLowerCase()} login password '${password}'`)
  await admin.end()
}

/** As an import leaves them. */
async function addPeople(pool: Pool, people: number, leavers: number): Promise<void> {
  await pool.query(
    `insert into person (id, attributes, positions, state, created_at, changed_at)
     select gen_random_uuid(),
            jsonb_build_object('employeeId', 'E' || lpad(n::text, 7, '0'), 'givenName', 'Given', 'surname', 'Surname' || n, 'displayName', 'Given Surname' || n),
            jsonb_build_array(jsonb_build_object('key', 'hr/E' || n || '/', 'job', 'hr', 'start', '2020-01-01',
              'attributes', jsonb_build_object('department', case when n <= $2 then 'Leavers' else 'Department ' || n % 30 end))),
            'active', now(), now() - interval '1 minute'
       from generate_series(1, $1) n`, [people, leavers])
  await pool.query('analyze person')
}

async function usePolicy(pool: Pool, document: object): Promise<void> {
  const { policy } = await import('../../src/domain/policy.ts')
  await pool.query(`insert into policy_revision (revision, document, made_at, made_by) select max(revision) + 1, $1, now(), 'test' from policy_revision`,
    [JSON.stringify(policy.parse(document))])
}

async function until(usher: TestUsher, id: string, leaving: string[]): Promise<void> {
  for (;;) {
    const plan = await ok(usher.api.GET('/api/plans/{id}', { params: { path: { id } } }))
    if (plan.state === 'failed' || plan.state === 'held') throw new Error(`The plan is ${plan.state}: ${JSON.stringify(plan.error ?? plan.brakes)}`)
    if (!leaving.includes(plan.state)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export async function ok<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await answer
  if (data === undefined) throw new Error(JSON.stringify(error))
  return data
}

/* ------------------------------------------------------------------ the probe */

async function openProbe(
  n: number, slapdUrl: string, baseDn: string, samba: { url: string; ca: string; base: string }, databases: TestPostgres[],
): Promise<Probe> {
  const name = id(n).toLowerCase()
  const directories: Ldap[] = []
  const open = (url: string, ca?: string): Ldap => {
    const client = new Ldap({ url, ...(ca === undefined ? {} : { tlsOptions: { ca: [readFileSync(ca)], checkServerIdentity: () => undefined } }) })
    directories.push(client)
    return client
  }
  const signsInOn = async (client: Ldap, dn: string): Promise<boolean> => {
    try {
      await client.bind(dn, password)
      return true
    } catch (error) {
      if ((error as { code?: number }).code === 49) return false
      throw error
    }
  }
  // Tried again and again on a connection that is open already, which costs the servers little; a refusal is tried on a new one.
  const binds = (url: string, dn: string, ca?: string): (() => Promise<boolean>) => {
    const lasting = open(url, ca)
    return async () => await signsInOn(lasting, dn) || await signsInOn(open(url, ca), dn)
  }
  const signsIn = async (server: TestPostgres): Promise<boolean> => {
    const client = new pg.Client({ connectionString: server.urlFor('postgres', name, password) })
    client.on('error', () => {})
    try {
      await client.connect()
      return true
    } catch (error) {
      // 28000: not permitted to log in.
      if ((error as { code?: string }).code === '28000') return false
      throw error
    } finally {
      await client.end().catch(() => {})
    }
  }
  const sessions = await Promise.all(databases.map(async (server) => {
    const client = new pg.Client({ connectionString: server.urlFor('postgres', name, password) })
    let open = true
    client.on('error', () => { open = false })
    client.on('end', () => { open = false })
    await client.connect()
    return { client, open: () => open }
  }))
  const checks: Record<string, () => Promise<boolean>> = {
    directory: binds(slapdUrl, `uid=${name},ou=people,${baseDn}`),
    ...Object.fromEntries(parts.map((p) => [p, binds(slapdUrl, `uid=${name},ou=${p},${baseDn}`)])),
    ...Object.fromEntries(units.map((u) => [`ad-${u}`, binds(samba.url, `CN=${id(n)},OU=${u},${samba.base}`, samba.ca)])),
    ...Object.fromEntries(databases.map((server, i) => [servers[i]!, async () => sessions[i]!.open() || await signsIn(server)])),
  }
  return {
    async works() {
      const found = await Promise.all(Object.entries(checks).map(async ([system, check]) => (await check() ? [system] : [])))
      return found.flat()
    },
    async refused(since) {
      return Object.fromEntries(await Promise.all(Object.entries(checks).map(async ([system, check]): Promise<[string, number]> => {
        while (await check()) await new Promise((resolve) => setTimeout(resolve, 30))
        return [system, performance.now() - since]
      })))
    },
    async close() {
      await Promise.all([...sessions.map(({ client }) => client.end().catch(() => {})), ...directories.map((client) => client.unbind().catch(() => {}))])
    },
  }
}
