/**
 * A company of staff in a CSV file, its directory on a real slapd, and the real Usher between them on a PostgreSQL of its
 * own: what tests that kill things share. The model is the staff list itself.
 */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { loadAuditKeys, sealAudit, verifyAudit } from '../../src/engine/audit-sealer.ts'
import { connect, type Pool } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { startUsher, type TestUsher } from '../servers/usher.ts'

const departments = ['Sales', 'Data', 'Finance']
const template = ldapConnector.templates!.find((t) => t.id === 'openldap-users')!

export interface Staff {
  people: number
  slapd: Slapd
  postgres: TestPostgres
  usher: TestUsher
  pool: Pool
  /** The staff list, everybody with this title. */
  write(title: string): Promise<void>
  startPlan(): Promise<string>
  state(planId: string): Promise<string>
  isOver(planId: string): Promise<boolean>
  /** Waits until the plan is over; also while the database is away. */
  over(planId: string): Promise<void>
  /** Changes of systems in these states. */
  count(planId: string, ...states: string[]): Promise<number>
  /** Fails where the directory is not what the staff list says. */
  compare(title: string): Promise<void>
  /** Fails where a change of the plan was not done. */
  assertDone(planId: string): Promise<void>
  /** With Usher killed: the audit log is whole, and nobody was created twice. Call it last. */
  assertAudit(): Promise<void>
  close(): Promise<void>
}

export async function openStaff(people: number): Promise<Staff> {
  const groups = departments.map((name) => `dn: cn=${name},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: ${name}\nmember: cn=nobody\n`)
  const [slapd, postgres] = await Promise.all([startSlapd({ ldif: groups.join('\n') }), startPostgres()])
  const usher = await startUsher({ databaseUrl: postgres.url })
  const pool = connect(postgres.url, { max: 3 })
  await usher.api.PUT('/api/secrets/{reference}', { params: { path: { reference: 'directory' } }, body: { value: slapd.password } })
  const { response, error } = await usher.api.POST('/api/policy/apply', { body: { files: policyFiles(slapd), base: 0 } })
  assert.ok(response.ok, JSON.stringify(error))

  const isOver = async (planId: string): Promise<boolean> => !['computing', 'open', 'approved', 'applying'].includes(await state(planId))
  const state = async (planId: string): Promise<string> => (await pool.query<{ state: string }>('select state from plan where id = $1', [planId])).rows[0]!.state
  return {
    people, slapd, postgres, usher, pool, state,
    write: (title) => writeStaff(usher, people, title),
    async startPlan() {
      const { data, error } = await usher.api.POST('/api/plans', { body: {} })
      assert.ok(data !== undefined, JSON.stringify(error))
      return data.planId
    },
    isOver,
    over: (planId) => until(() => isOver(planId).catch(() => false), { about: () => leftOf(pool, planId), progress: () => doneOf(pool, planId).catch(() => '') }),
    async count(planId, ...states) {
      return (await pool.query<{ n: number }>('select count(*)::int as n from plan_change where plan_id = $1 and stage = 2 and state = any ($2)', [planId, states])).rows[0]!.n
    },
    compare: async (title) => compare(slapd, people, title),
    async assertDone(planId) {
      const { rows } = await pool.query(`select kind, subject, state, code, words from plan_change where plan_id = $1 and state <> 'done' limit 5`, [planId])
      assert.deepEqual([await state(planId), rows], ['applied', []])
    },
    assertAudit: () => assertAudit(usher, pool),
    async close() {
      await pool.end()
      await usher.stop()
      await Promise.all([slapd.stop(), postgres.stop()])
    },
  }
}

/**
 * Looks often enough to meet a moment, and seldom enough that looking does not take what the work needs. `about`: said where
 * it never comes. `progress`: as long as that changes, work is only slow.
 */
export async function until(holds: () => Promise<boolean>, { about, progress }: { about?: () => Promise<string>; progress?: () => Promise<unknown> } = {}): Promise<void> {
  let last: unknown
  for (let looks = 0; looks < 4_000; looks++) {
    if (await holds()) return
    await sleep(30)
    if (progress === undefined || looks % 100 !== 99) continue
    const now = await progress()
    if (now !== last) looks = 0
    last = now
  }
  assert.fail(`It never came to be: ${holds.toString()} ${await about?.() ?? ''}`)
}

/** How far a plan is. */
async function doneOf(pool: Pool, planId: string): Promise<string> {
  const { rows } = await pool.query<{ far: string }>(
    `select p.state || ' ' || count(c.id) as far from plan p left join plan_change c on c.plan_id = p.id and c.state = 'done' where p.id = $1 group by p.state`, [planId])
  return rows[0]!.far
}

/** What a plan waits for. */
async function leftOf(pool: Pool, planId: string): Promise<string> {
  const { rows } = await pool.query(
    `select p.state as plan, wait_until, c.stage, c.kind, c.state, c.code, c.words, count(*)::int as changes, max(attempts) as attempts, min(next_attempt_at) as next
       from plan p left join plan_change c on c.plan_id = p.id and c.state <> 'done' where p.id = $1 group by 1, 2, 3, 4, 5, 6, 7 limit 20`, [planId])
  return JSON.stringify(rows, null, 1)
}

/** Numbers from 0 to 1, the same for a seed in every run. */
export function seeded(seed: number): () => number {
  let at = seed
  return () => {
    at = Math.imul(at, 1664525) + 1013904223 | 0
    return (at >>> 0) / 2 ** 32
  }
}

async function assertAudit(usher: TestUsher, pool: Pool): Promise<void> {
  const keys = await loadAuditKeys(usher.data)
  await sealAudit(pool, keys, new Date().toISOString())
  const verified = await verifyAudit(pool, keys)
  assert.deepEqual([verified.ok, verified.problems], [true, []])
  const { rows } = await pool.query(
    `select subject from audit where action = 'change.create.done' and detail ->> 'system' = 'directory' group by subject having count(*) > 1 limit 3`)
  assert.deepEqual(rows, [])
}

function compare(slapd: Slapd, people: number, title: string): void {
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

async function writeStaff(usher: TestUsher, people: number, title: string): Promise<void> {
  const rows = Array.from({ length: people }, (_, at) => {
    const i = at + 1
    // Namesakes by the dozen, so that names have to be made unique.
    return `${i},Ann,Smith${i % 100},ann${i}@example.org,${title},${departments[i % departments.length]},${i === 1 ? '' : managerOf(i)},2020-01-01`
  })
  await mkdir(path.join(usher.data, 'files'), { recursive: true })
  await writeFile(path.join(usher.data, 'files', 'staff.csv'), `Id,First,Last,Mail,Title,Department,Manager,Start\n${rows.join('\n')}\n`)
}

function policyFiles(slapd: Slapd): Record<string, string> {
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
