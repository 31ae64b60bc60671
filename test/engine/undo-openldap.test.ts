/** Undo and drift in a real directory: what ldapsearch says is what counts. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { policy as policySchema } from '../../src/domain/policy.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { openWorld, type Row, type World } from './plan-fixture.ts'

let server: TestPostgres
let slapd: Slapd
let w: World
const template = ldapConnector.templates!.find((t) => t.id === 'openldap-users')!

before(async () => {
  ;[server, slapd] = await Promise.all([
    startPostgres(),
    startSlapd({ ldif: ['sales', 'data', 'vpn'].map((name) => `dn: cn=${name},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: ${name}\nmember: cn=nobody\n`).join('\n') }),
  ])
  w = await openWorld(server, (p) => {
    p.settings.peopleBrakes = {}
    p.systems = p.systems.filter((s) => s.id === 'hr')
    p.jobs = p.jobs.filter((j) => j.id === 'people')
    Object.assign(p, policySchema.parse({
      ...p,
      systems: [...p.systems, {
        id: 'directory', name: 'Directory', connector: 'ldap', method: 'approve', brakes: { disable: {}, revoke: {} },
        config: {
          url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'directory', base: slapd.baseDn, disable: 'password',
          users: { base: `ou=people,${slapd.baseDn}` }, groups: { base: `ou=groups,${slapd.baseDn}`, placeholder: 'cn=nobody' },
        },
      }],
      jobs: [...p.jobs, { id: 'users', name: 'Users', source: 'people', destination: 'directory', objectType: template.objectType, method: 'automatic', match: template.match, mapping: template.mapping }],
      roles: ['sales', 'data'].map((id) => ({ id, name: id, grants: [{ system: 'directory', entitlement: id }] })),
      rules: ['Sales', 'Data'].map((name) => ({ id: name.toLowerCase(), name, when: `position.department == "${name}"`, roles: [name.toLowerCase()] })),
    }))
  })
  w.context.connectors.push(ldapConnector as ConnectorDefinition)
  w.context.secrets = async () => slapd.password
})
after(async () => {
  await w?.close()
  await Promise.all([server?.stop(), slapd?.stop()])
})

/** Everything that the directory holds, but for what it notes of each write itself and for order. */
const dump = (): string => slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', slapd.baseDn, '(objectClass=*)'])
  .split('\n\n').map((entry) => entry.split('\n').toSorted().join('\n')).toSorted().join('\n\n')

const staff: Row[] = Array.from({ length: 28 }, (_, i) => ({ id: String(i + 1), first: 'Ann', last: `No${i + 1}`, department: i % 2 === 0 ? 'Sales' : 'Data' }))
const uid = (i: number): string => `uid=${/uid: (\S+)/.exec(slapd.tool('ldapsearch', ['-LLL', '-b', slapd.baseDn, `(employeeNumber=${i})`, 'uid']))![1]},ou=people,${slapd.baseDn}`

test('a run of some fifty mixed changes, undone, leaves the directory as ldapsearch dumped it before', async () => {
  await w.approve(await w.day(staff))
  assert.deepEqual((await w.plan()).systems, [])
  const was = dump()
  // Eleven move, six change their names, six leave.
  const run = await w.approve(await w.day(staff.map((row, i) => i < 11 ? { ...row, department: row.department === 'Sales' ? 'Data' : 'Sales' }
    : i < 17 ? { ...row, last: `Other${i}` } : i < 23 ? { ...row, end: '2026-06-14' } : row)))
  const kinds = Object.groupBy(run.changes.filter((c) => c.stage === 2 && c.state === 'done'), (c) => c.kind)
  assert.ok(Object.values(kinds).flat().length >= 50, JSON.stringify(Object.entries(kinds).map(([kind, own]) => [kind, own.length])))
  assert.notEqual(dump(), was)
  const { planId } = await w.engine.undoPlan({ planId: run.id }, 'ada')
  await w.work()
  const undone = await w.approve(await w.shown(planId))
  assert.deepEqual(undone.changes.filter((c) => c.state !== 'done').map((c) => [c.kind, c.subject, c.state, c.words]), [])
  assert.equal(dump(), was)
  assert.deepEqual([(await w.plan()).systems, dump() === was], [[], true])
  const twice = await w.engine.undoPlan({ planId: run.id }, 'ada')
  await w.work()
  assert.equal((await w.shown(twice.planId)).state, 'empty')
})

test('edits by hand in the directory are found, put back, adopted or left', async () => {
  const [value, member, added] = [uid(25), uid(26), uid(27)]
  slapd.tool('ldapmodify', [], `dn: ${value}\nchangetype: modify\nreplace: mail\nmail: hand@example.org\n`)
  slapd.tool('ldapmodify', [], `dn: cn=data,ou=groups,${slapd.baseDn}\nchangetype: modify\ndelete: member\nmember: ${member}\n`)
  slapd.tool('ldapmodify', [], `dn: cn=vpn,ou=groups,${slapd.baseDn}\nchangetype: modify\nadd: member\nmember: ${added}\n`)
  await w.plan()
  const { rows } = await w.pool.query<{ id: string; what: string; was: unknown; isNow: unknown }>(
    `select d.id, d.kind || ' ' || coalesce(d.attribute, e.attributes ->> 'cn', e.name) as what, d.was, d.is_now as "isNow"
       from drift d left join entitlement e on e.id = d.entitlement_id where d.settled_at is null order by d.kind, d.thing`)
  assert.deepEqual(rows.map((r) => r.what.replace(/cn=(\w+),.*/, '$1')), ['changed mail', 'changed data', 'extra vpn'])
  assert.deepEqual([rows[0]!.was, rows[0]!.isNow], ['ann.no25.25@example.org', 'hand@example.org'])
  const { planId } = await w.engine.putBackDrift([rows[1]!.id], 'ada')
  await w.work()
  assert.deepEqual((await w.approve(await w.shown(planId))).changes.map((c) => [c.kind, c.state]), [['grant', 'done']])
  await w.engine.leaveDrift([rows[0]!.id], '2026-07-01T00:00:00Z', '', 'ada')
  await w.engine.adoptDrift([rows[2]!.id], '', 'ada')
  assert.deepEqual((await w.plan()).systems, [])
  const members = (group: string): string => slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', `cn=${group},ou=groups,${slapd.baseDn}`, '(objectClass=*)', 'member'])
  assert.ok(members('data').includes(member) && members('vpn').includes(added))
})
