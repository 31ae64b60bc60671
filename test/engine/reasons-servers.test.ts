/**
 * Leave and return, a rehire, access that is kept for a while after a move, and accounts and access that nobody gave: on
 * a real slapd and a real PostgreSQL, where trying to sign in is what counts.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client } from 'ldapts'
import { postgresqlConnector } from '../../src/connectors/postgresql/postgresql-connector.ts'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { accountJob, role, system, type Policy } from '../../src/domain/policy.ts'
import { tick } from '../../src/engine/clock.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { searchOrphans, type OrphanKind } from '../../src/store/orphan.ts'
import { openSession, signsIn, startWarehouse, type Warehouse } from '../contract/postgresql-server.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { groups, openDirectory, people, usherDirectory, type Directory } from './directory-fixture.ts'
import type { Row } from './plan-fixture.ts'

let server: TestPostgres
let slapd: Slapd
let warehouse: Warehouse
let w: Directory
const secret = 'Secret-of-the-0ne'
const anna: Row = { id: '1', first: 'Anna', last: 'Nowak', leaveFrom: '2026-06-16', leaveUntil: '2026-06-20' }
const bo: Row = { id: '2', first: 'Bo', last: 'Ek', department: 'Data' }
const cy: Row = { id: '3', first: 'Cy', last: 'Lee' }
const dee: Row = { id: '4', first: 'Dee', last: 'Roy', department: 'Data' }
const desk: Row[] = [{ id: '8', first: 'Eve', last: 'Oz', department: 'Desk' }, { id: '9', first: 'Flo', last: 'Oz', department: 'Desk' }]

function withWarehouse(p: Policy): void {
  p.systems.push(system.parse({
    id: 'warehouse', name: 'Warehouse', connector: 'postgresql', method: 'automatic', config: { ...warehouse.config },
    brakes: Object.fromEntries(['create', 'update', 'disable', 'delete', 'grant', 'revoke'].map((kind) => [kind, {}])),
  }))
  p.jobs.push(accountJob.parse({
    id: 'roles', name: 'Roles', source: 'people', destination: 'warehouse', objectType: 'role', method: 'automatic', match: ['comment'], initialPassword: 'none',
    mapping: postgresqlConnector.templates![0]!.mapping, lifecycle: { deleteAfterDays: 30 },
  }))
  const [sales, ...others] = p.roles
  p.roles = [role.parse({
    ...sales, grants: [{ system: 'directory', entitlement: 'sales', graceDays: 10 }, { system: 'warehouse', entitlement: 'analysts' }],
  }), ...others]
}

before(async () => {
  ;[server, slapd, warehouse] = await Promise.all([startPostgres(), startSlapd(usherDirectory), startWarehouse('embedded')])
  w = await openDirectory(server, slapd, withWarehouse)
  w.context.connectors.push(postgresqlConnector as ConnectorDefinition)
  const directorySecret = w.context.secrets
  w.context.secrets = async (reference) => (reference === 'directory' ? await directorySecret(reference) : await warehouse.secrets(reference))
  const plan = await w.day([anna, bo, cy, dee])
  assert.deepEqual([plan.findings, plan.changes.filter((c) => c.state !== 'done').map((c) => [c.subject, c.words])], [[], []])
  for (const name of ['anna.nowak', 'bo.ek', 'cy.lee', 'dee.roy']) await warehouse.query(`alter role "${name}" password '${secret}'`)
  for (const entry of w.entries()) w.modify(`dn: ${entry.dn[0]}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${secret}\n`)
})
after(async () => {
  await w?.close()
  await Promise.all([server?.stop(), slapd?.stop(), warehouse?.stop()])
})

/** Time goes on to an instant, and what is due by then is done. */
async function at(instant: string): Promise<void> {
  w.at(instant)
  await tick(w.context)
  await w.work()
  await runLeavers(w.context, new AbortController().signal)
}

/** Where somebody can sign in, and what they hold there. */
async function has(row: Row): Promise<string[]> {
  const role = `${row.first}.${row.last}`.toLowerCase()
  const found: string[] = []
  const entry = w.entry(row.id)
  if (entry !== undefined && await binds(entry.dn[0]!)) found.push('directory')
  for (const group of ['sales', 'data', 'vpn']) if (w.numbersIn(group).includes(row.id)) found.push(group)
  if (await signsIn(warehouse.server, role, secret)) found.push('warehouse')
  const held = await warehouse.query(`select from pg_auth_members m join pg_roles r on r.oid = m.member join pg_roles g on g.oid = m.roleid where r.rolname = $1 and g.rolname = 'analysts'`, [role])
  if (held.length > 0) found.push('analysts')
  return found
}

async function binds(dn: string): Promise<boolean> {
  const client = new Client({ url: slapd.url })
  try {
    await client.bind(dn, secret)
    return true
  } catch {
    return false
  } finally {
    await client.unbind()
  }
}

test('leave suspends, also what is open; a return brings back exactly what has a living reason', async () => {
  await w.engine.grant({ personId: await w.person('1'), entitlementId: await entitlement('vpn'), until: '2026-06-18T12:00:00Z' }, 'ada')
  await w.work()
  assert.deepEqual(await has(anna), ['directory', 'sales', 'vpn', 'warehouse', 'analysts'])
  const [session, other] = [await openSession(warehouse.server, 'anna.nowak', secret), await openSession(warehouse.server, 'cy.lee', secret)]
  await at('2026-06-16T00:00:01Z')
  assert.deepEqual([await has(anna), await session.alive(), await other.alive()], [['sales', 'vpn', 'analysts'], false, true])
  await at('2026-06-18T12:00:00Z')
  assert.deepEqual(await has(anna), ['sales', 'analysts'])
  await at('2026-06-21T00:00:01Z')
  assert.deepEqual(await has(anna), ['directory', 'sales', 'warehouse', 'analysts'])
  assert.deepEqual((await w.plan()).systems, [])
  await session.close()
  await other.close()
})

test('a move keeps old access for as long as its role says, and nothing else', async () => {
  const moved = { ...cy, department: 'Data' }
  await w.day([anna, bo, moved, dee])
  assert.deepEqual(await has(cy), ['directory', 'sales', 'data', 'warehouse'])
  await at('2026-06-30T23:00:00Z')
  assert.deepEqual([(await w.plan()).systems, (await has(cy)).includes('sales')], [[], true])
  await at('2026-07-01T00:01:00Z')
  assert.deepEqual(await has(cy), ['directory', 'data', 'warehouse'])
  assert.deepEqual((await w.plan()).systems, [])
})

test('a rehire after the accounts were deleted brings nothing back that has no reason', async () => {
  const staff = [anna, { ...cy, department: 'Data' }, dee]
  await w.engine.grant({ personId: await w.person('2'), entitlementId: await entitlement('vpn') }, 'ada')
  await w.work()
  assert.deepEqual(await has(bo), ['directory', 'data', 'vpn', 'warehouse'])
  await w.day([...staff, { ...bo, end: '2026-06-30' }])
  await at('2026-07-01T01:00:00Z')
  assert.deepEqual(await has(bo), [])
  const entry = w.entry('2')!
  const [oid] = [await warehouse.oid('bo.ek')]
  await at('2026-08-01T00:00:00Z')
  await w.plan()
  assert.deepEqual([w.entry('2'), await warehouse.oid('bo.ek')], [undefined, ''])
  await w.day([...staff, { ...bo, start: '2026-08-01' }])
  assert.equal(w.entry('2')!.dn[0], entry.dn[0], 'the name was kept for them')
  assert.notEqual(await warehouse.oid('bo.ek'), oid)
  assert.deepEqual(w.numbersIn('data').includes('2') && !w.numbersIn('vpn').includes('2'), true)
  assert.deepEqual((await w.reasons('2')).filter((r) => !r.endsWith(' ended')).toSorted(), ['rule data', 'scope roles', 'scope users'])
  assert.deepEqual((await w.plan()).systems, [])
})

const orphans = async (kind: OrphanKind) => (await searchOrphans(w.pool, { kind, now: w.context.now(), limit: 100 })).items
/** All of an entry, with when and by whom it was last written. */
const whole = (dn: string): string => slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-s', 'base', '-b', dn, '(objectClass=*)', '*', '+'])
const addEntry = (uid: string, more = ''): string => {
  slapd.tool('ldapadd', [], `dn: uid=${uid},${people}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n${more}`)
  return `uid=${uid},${people}`
}

test('accounts of nobody and access that nobody granted are found in both, and left as they are', async () => {
  const ghost = addEntry('ghost')
  await warehouse.query('create role ghost login')
  w.modify(`dn: cn=vpn,${groups}\nchangetype: modify\nadd: member\nmember: ${w.entry('4')!.dn[0]}\n`)
  await warehouse.query('grant analysts to "dee.roy"')
  const before = whole(ghost)
  const plan = await w.plan()
  assert.deepEqual(plan.systems, [])
  assert.deepEqual((await orphans('nobody')).map((o) => [o.systemId, o.name]).toSorted().filter(([, name]) => name!.includes('ghost')), [['directory', ghost], ['warehouse', 'ghost']])
  const { rows } = await w.pool.query<{ says: string }>(
    `select a.system_id || ' ' || d.kind || ' ' || e.name as says from drift d join account a on a.id = d.account_id join entitlement e on e.id = d.entitlement_id where d.settled_at is null order by 1`)
  assert.deepEqual(rows.map((r) => r.says.replace(/cn=vpn,.*/, 'vpn')), ['directory extra vpn', 'warehouse extra analysts'])
  assert.equal(whole(ghost), before)
  assert.deepEqual([w.numbersIn('vpn'), (await has(dee)).includes('analysts')], [['4'], true])
})

test('an account that several people use is nobody\'s; nobody gets it, and all of them are named', async () => {
  const counter = addEntry('frontdesk', 'departmentNumber: Desk\n')
  const before = whole(counter)
  await w.setPolicy((p) => {
    const job = p.jobs.find((j) => j.id === 'users')!
    if (job.destination !== 'people') Object.assign(job, { match: ['employeeNumber', 'departmentNumber'] })
  })
  const plan = await w.day([anna, bo, cy, dee, ...desk])
  const [shared] = await orphans('shared')
  assert.deepEqual([shared?.name, shared?.claimedBy.map((p) => p.name).toSorted()], [counter, ['Eve Oz', 'Flo Oz']], JSON.stringify([plan.error, plan.findings, plan.systems, plan.people]))
  assert.deepEqual([whole(counter), w.entry('8'), w.entry('9')], [before, undefined, undefined])
})

test('protected accounts are never touched: not matched, not changed, not disabled when their person leaves', async () => {
  const service = addEntry('svc-backup', 'employeeNumber: 10\n')
  const own = w.entry('4')!.dn[0]!
  await w.setPolicy((p) => { p.systems.find((s) => s.id === 'directory')!.protected = ['uid=svc-*', own] })
  const before = [whole(service), whole(own)]
  await w.day([anna, bo, cy, ...desk, { ...dee, last: 'Other', end: '2026-07-31' }, { id: '10', first: 'Gus', last: 'Ray', department: 'Data' }])
  await w.plan()
  await runLeavers(w.context, new AbortController().signal)
  assert.deepEqual([whole(service), whole(own)], before)
  assert.equal(await signsIn(warehouse.server, 'dee.roy', secret), false, 'elsewhere they are gone')
  assert.deepEqual(w.entries().filter((e) => e['employeeNumber']?.[0] === '10').map((e) => e['uid']![0]).toSorted(), ['gray', 'svc-backup'])
})

async function entitlement(cn: string): Promise<string> {
  return (await w.pool.query<{ id: string }>(`select id from entitlement where system_id = 'directory' and attributes ->> 'cn' = $1`, [cn])).rows[0]!.id
}
