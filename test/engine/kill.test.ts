/** The real process, killed again and again while it fills a real directory; and the directory killed under it. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { loadAuditKeys, sealAudit, verifyAudit } from '../../src/engine/audit-sealer.ts'
import { connect, type Pool } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { startUsher, type TestUsher } from '../servers/usher.ts'

const people = 1500
const kills = 8
const departments = ['Sales', 'Data', 'Finance']
const template = ldapConnector.templates!.find((t) => t.id === 'openldap-users')!

let slapd: Slapd
let postgres: TestPostgres
let usher: TestUsher
let pool: Pool

before(async () => {
  const groups = departments.map((name) => `dn: cn=${name},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: ${name}\nmember: cn=nobody\n`)
  ;[slapd, postgres] = await Promise.all([startSlapd({ ldif: groups.join('\n') }), startPostgres()])
  usher = await startUsher({ databaseUrl: postgres.url })
  pool = connect(postgres.url, { max: 3 })
  await usher.api.PUT('/api/secrets/{reference}', { params: { path: { reference: 'directory' } }, body: { value: slapd.password } })
  const { response, error } = await usher.api.POST('/api/policy/apply', { body: { files: policyFiles(), base: 0 } })
  assert.ok(response.ok, JSON.stringify(error))
})

after(async () => {
  await pool?.end()
  await usher?.stop()
  await Promise.all([slapd?.stop(), postgres?.stop()])
})

test('killed at eight moments of an apply, it goes on: nothing doubled, nothing lost', async () => {
  await writeStaff('Clerk')
  const planId = await startPlan()
  const random = seeded(4711)
  for (let kill = 0; kill < kills; kill++) {
    const target = Math.floor((kill + random()) * (people * 2 / (kills + 1)))
    await until(async () => (await done(planId)) >= target || await isOver(planId))
    assert.ok(!await isOver(planId), `The plan was over before kill ${kill + 1}.`)
    await usher.kill()
    await usher.start()
  }
  await until(() => isOver(planId))
  assert.deepEqual(await notDone(planId), [])
  await compare('Clerk')
})

test('the directory killed half-way and started again: it goes on by itself', async () => {
  await writeStaff('Manager')
  const planId = await startPlan()
  await until(async () => (await done(planId)) >= people / 3)
  await slapd.kill()
  await until(async () => (await waiting(planId)) > 0)
  await slapd.start()
  await until(() => isOver(planId))
  assert.deepEqual(await notDone(planId), [])
  await compare('Manager')
})

test('after all of it, the audit log is whole and a new plan is empty', async () => {
  const planId = await startPlan()
  await until(async () => ['empty', 'failed', 'open', 'applied'].includes(await state(planId)))
  assert.equal(await state(planId), 'empty')
  await usher.kill()
  const keys = await loadAuditKeys(usher.data)
  await sealAudit(pool, keys, new Date().toISOString())
  const verified = await verifyAudit(pool, keys)
  assert.deepEqual([verified.ok, verified.problems], [true, []])
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from (select from audit where action = 'change.create.done' and detail ->> 'system' = 'directory' group by subject having count(*) > 1) doubled`)
  assert.equal(rows[0]!.n, 0)
})

/* ------------------------------------------------------------------ the directory against the staff list */

async function compare(title: string): Promise<void> {
  const found = slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', `ou=people,${slapd.baseDn}`, '(objectClass=inetOrgPerson)', 'employeeNumber', 'title', 'manager'])
  const entries = found.split('\n\n').filter((e) => e.trim() !== '').map((entry) => Object.fromEntries(
    entry.split('\n').filter((l) => l.includes(': ')).map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(': ') + 2)]))) as Record<string, string>[]
  const byNumber = new Map(entries.map((e) => [e['employeeNumber'], e]))
  assert.deepEqual([entries.length, byNumber.size], [people, people])
  for (let i = 1; i <= people; i++) {
    const entry = byNumber.get(String(i))!
    assert.deepEqual([entry['title'], entry['manager']], [title, i === 1 ? undefined : byNumber.get(String(managerOf(i)))!['dn']], `person ${i}`)
  }
  for (const [at, name] of departments.entries()) {
    const group = slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', `cn=${name},ou=groups,${slapd.baseDn}`, '(objectClass=*)', 'member'])
    const members = group.split('\n').filter((l) => l.startsWith('member: ') && l !== 'member: cn=nobody').map((l) => l.slice(8).toLowerCase())
    const wanted = [...byNumber.values()].filter((e) => Number(e['employeeNumber']) % departments.length === at).map((e) => e['dn']!.toLowerCase())
    assert.deepEqual(members.toSorted(), wanted.toSorted(), name)
  }
}

const managerOf = (i: number): number => Math.floor(i / 10) + 1

async function writeStaff(title: string): Promise<void> {
  const rows = Array.from({ length: people }, (_, at) => {
    const i = at + 1
    // Namesakes by the dozen, so that names have to be made unique.
    return `${i},Ann,Smith${i % 100},ann${i}@example.org,${title},${departments[i % departments.length]},${i === 1 ? '' : managerOf(i)},2020-01-01`
  })
  await mkdir(path.join(usher.data, 'files'), { recursive: true })
  await writeFile(path.join(usher.data, 'files', 'staff.csv'), `Id,First,Last,Mail,Title,Department,Manager,Start\n${rows.join('\n')}\n`)
}

function policyFiles(): Record<string, string> {
  const yaml = (value: object): string => JSON.stringify(value)
  const files: Record<string, string> = {
    'settings.yaml': yaml({ organisation: 'Test', timeZone: 'UTC' }),
    'systems/hr.yaml': yaml({ name: 'HR', connector: 'file', config: { path: 'staff.csv' } }),
    'systems/directory.yaml': yaml({
      name: 'Directory', connector: 'ldap', method: 'automatic',
      config: {
        url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'directory', base: slapd.baseDn,
        users: { base: `ou=people,${slapd.baseDn}` }, groups: { base: `ou=groups,${slapd.baseDn}`, placeholder: 'cn=nobody' },
      },
    }),
    'jobs/staff.yaml': yaml({
      name: 'Staff', source: 'hr', destination: 'people', method: 'automatic', key: 'row["Id"]',
      mapping: {
        employeeId: 'row["Id"]', givenName: 'row["First"]', surname: 'row["Last"]', displayName: 'row["First"] + " " + row["Last"]',
        email: 'row["Mail"]', manager: 'row["Manager"]',
      },
      position: { title: 'row["Title"]', department: 'row["Department"]', start: 'row["Start"]' },
    }),
    'jobs/users.yaml': yaml({ name: 'Users', source: 'people', destination: 'directory', objectType: template.objectType, method: 'automatic', match: template.match, mapping: template.mapping, initialPassword: 'none' }),
  }
  for (const name of departments) {
    const id = name.toLowerCase()
    files[`roles/${id}.yaml`] = yaml({ name, grants: [{ system: 'directory', entitlement: name }] })
    files[`rules/${id}.yaml`] = yaml({ name, when: `position.department == "${name}"`, roles: [id] })
  }
  return files
}

/* ------------------------------------------------------------------ watching a plan */

async function startPlan(): Promise<string> {
  const { data, error } = await usher.api.POST('/api/plans', { body: {} })
  assert.ok(data !== undefined, JSON.stringify(error))
  return data.planId
}

async function state(planId: string): Promise<string> {
  return (await pool.query<{ state: string }>('select state from plan where id = $1', [planId])).rows[0]!.state
}

async function isOver(planId: string): Promise<boolean> {
  return !['computing', 'open', 'approved', 'applying'].includes(await state(planId))
}

async function countIn(planId: string, states: string[]): Promise<number> {
  return (await pool.query<{ n: number }>('select count(*)::int as n from plan_change where plan_id = $1 and stage = 2 and state = any ($2)', [planId, states])).rows[0]!.n
}

const done = (planId: string): Promise<number> => countIn(planId, ['done'])
const waiting = (planId: string): Promise<number> => countIn(planId, ['again'])

async function notDone(planId: string): Promise<unknown[]> {
  return (await pool.query(`select kind, subject, state, code, words from plan_change where plan_id = $1 and state <> 'done' limit 5`, [planId])).rows
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 12_000; looks++) {
    if (await holds()) return
    await sleep(10)
  }
  assert.fail('It never came to be.')
}

/** Numbers from 0 to 1, the same in every run. */
function seeded(seed: number): () => number {
  let at = seed
  return () => {
    at = Math.imul(at, 1664525) + 1013904223 | 0
    return (at >>> 0) / 2 ** 32
  }
}
