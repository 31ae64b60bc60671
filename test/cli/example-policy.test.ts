/** `examples/policy`, from an empty Usher to accounts in a real warehouse, with nothing but the command line. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startUsher, type CliResult, type TestUsher } from '../servers/usher.ts'

const example = path.join(import.meta.dirname, '../../examples/policy')
const folder = mkdtempSync(path.join(tmpdir(), 'usher-example-'))
const file = (name: string) => path.join(folder, name)
let usher: TestUsher
let own: TestPostgres
let server: TestPostgres
let warehouse: pg.Client

before(async () => {
  [own, server] = await Promise.all([startPostgres(), startPostgres()])
  usher = await startUsher({ databaseUrl: own.url })
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('create database warehouse')
  await admin.end()
  warehouse = new pg.Client({ connectionString: server.urlFor('warehouse') })
  await warehouse.connect()
  await warehouse.query(readFileSync(path.join(example, 'warehouse.sql'), 'utf8'))
  cpSync(example, folder, { recursive: true })
})

after(async () => {
  await warehouse?.end()
  await usher?.stop()
  await own?.stop()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs `usher`, which must end with this exit code. */
async function run(code: number, args: string[], input?: string): Promise<CliResult> {
  const result = await usher.cli(args, input === undefined ? {} : { input })
  assert.equal(result.code, code, `usher ${args.join(' ')}\n${result.stdout}\n${result.stderr}\n${usher.output()}`)
  return result
}

async function json<T>(code: number, args: string[]): Promise<T> {
  return JSON.parse((await run(code, [...args, '--json'])).stdout) as T
}

async function lines<T>(args: string[]): Promise<T[]> {
  return (await run(0, [...args, '--json'])).stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T)
}

function edit(name: string, what: RegExp, by: string): void {
  const text = readFileSync(file(name), 'utf8')
  assert.match(text, what)
  writeFileSync(file(name), text.replace(what, by))
}

/** Today's spreadsheet takes the place of yesterday's. */
async function uploadAgain(): Promise<void> {
  const uploaded = await run(0, ['systems', 'upload', file('hr.csv')])
  edit('systems/hr.yaml', /path: .*/, `path: ${uploaded.stdout.trim()}`)
  await run(0, ['policy', 'apply', folder, '--yes'])
}

/** Account → group roles that it is a member of. */
async function members(): Promise<Record<string, string[]>> {
  const { rows } = await warehouse.query<{ name: string; can: boolean; groups: string[] }>(
    `select r.rolname as name, r.rolcanlogin as can,
            array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as groups
       from pg_roles r where r.rolname like '%.%' order by 1`)
  return Object.fromEntries(rows.map((row) => [row.can ? row.name : `(${row.name})`, row.groups]))
}

const staff = {
  'anna.nowak': ['reporting', 'sales'], 'john.smith': ['analyst', 'reporting'], 'john.smith2': ['analyst', 'reporting'],
  'lukasz.zolc': ['analyst', 'reporting'], 'maria.garcia': ['reporting', 'sales'], 'soren.angstrom': ['reporting', 'sales'],
}

test('the example is set up with the commands of its README', async () => {
  const uploaded = await run(0, ['systems', 'upload', file('hr.csv')])
  edit('systems/hr.yaml', /path: hr\.csv/, `path: ${uploaded.stdout.trim()}`)
  edit('systems/warehouse.yaml', /port: 5432/, `port: ${server.port}`)
  await run(0, ['secret', 'set', 'warehouse'], 'change-me\n')
  assert.doesNotMatch((await run(0, ['secret', 'list'])).stdout, /change-me/)
  await run(0, ['policy', 'check', folder])
  await run(0, ['policy', 'apply', folder, '--yes', '--message', 'the example'])
  const { differences } = await json<{ differences: unknown[] }>(0, ['policy', 'plan', folder])
  assert.deepEqual(differences, [])
  await run(0, ['systems', 'check', 'warehouse'])
})

test('a mistake in a file is named with file, line and column', async () => {
  edit('rules/sales-department.yaml', /roles: \[sales\]/, 'roles: [salse]')
  const { stdout } = await run(5, ['policy', 'check', folder])
  assert.match(stdout, /rules\/sales-department\.yaml:4:9: error: .*salse/)
  await run(5, ['policy', 'apply', folder, '--yes'])
  edit('rules/sales-department.yaml', /roles: \[salse\]/, 'roles: [sales]')
})

test('a plan shows both stages, and writes nothing', async () => {
  const { stdout } = await run(4, ['plan', 'new'])
  assert.match(stdout, /9 people to add; 6 accounts to create, 12 grants to make in Warehouse/)
  assert.match(stdout, /\+ create {2}anna\.nowak\n[\s\S]*→ grant {3}sales {2}anna\.nowak\n +because rule "Sales department"/)
  assert.deepEqual(await members(), {})
  assert.match((await run(0, ['jobs', 'set-aside', 'hr-to-people'])).stdout, /!H11 +Start date +not yet known +a date such as/)
})

test('a second look at the same gives the same names', async () => {
  await run(4, ['plan', 'new'])
  const creates = await lines<{ subject: string }>(['plan', 'changes', '--system', 'warehouse', '--kind', 'create', '--all'])
  assert.deepEqual(creates.map((change) => change.subject).toSorted(), Object.keys(staff))
})

test('only the plan that was reviewed is carried out', async () => {
  const refused = await run(7, ['plan', 'approve', '--hash', '0'.repeat(64), '--yes'])
  assert.match(refused.stderr, /PLAN_HASH_DIFFERS/)
  await run(2, ['plan', 'approve'])
  assert.deepEqual(await members(), {})
})

test('what was approved is there, read back', async () => {
  const plan = await json<{ state: string; done: number; total: number; failed: number }>(0, ['plan', 'approve', '--yes'])
  assert.deepEqual([plan.state, plan.done, plan.total, plan.failed], ['applied', 27, 27, 0])
  assert.deepEqual(await members(), staff)
  const again = await json<{ state: string; total: number }>(0, ['run', '--yes'])
  assert.deepEqual([again.state, again.total], ['empty', 0])
})

test('everything says why, and why not', async () => {
  assert.match((await run(0, ['people', 'why', 'E-1002'])).stdout, /sales[\s\S]*because .*"Sales department"[\s\S]*!E3 = Sales/)
  const whyNot = await run(0, ['people', 'why-not', 'E-1007', '--role', 'sales'])
  assert.match(whyNot.stdout, /✗ position\.department == "Sales"[\s\S]*position\.department was Finance/)
  const two = await run(1, ['people', 'show', 'John Smith'])
  assert.match(two.stderr, /2 people fit "John Smith":\n {2}E-1004[\s\S]*E-1005/)
})

test('the next day: one leaves, one moves, one comes, a row is mended', async () => {
  edit('hr.csv', /(?<row>E-1003,.*,2023-06-15),/, '$<row>,2026-01-31')
  edit('hr.csv', /(?<row>E-1005,.*),Data,/, '$<row>,Sales,')
  edit('hr.csv', /not yet known/, '2024-05-01')
  writeFileSync(file('hr.csv'), `${readFileSync(file('hr.csv'), 'utf8')}E-1011,Max,Weiß,max.weiss@example.org,Data,Analyst,E-1004,2024-01-01,\n`)
  await uploadAgain()
  const shown = await run(4, ['plan', 'new'])
  assert.match(shown.stdout, /○ disable soren\.angstrom/)
  assert.match(shown.stdout, /← revoke {2}analyst {2}john\.smith2/)
  assert.match(shown.stdout, /department +Data → Sales/)
  const plan = await json<{ state: string; failed: number }>(0, ['plan', 'approve', '--yes'])
  assert.deepEqual([plan.state, plan.failed], ['applied', 0])
  const { 'soren.angstrom': _, ...stayed } = staff
  assert.deepEqual(await members(), {
    '(soren.angstrom)': [], ...stayed, 'ines.costa': ['reporting', 'sales'], 'john.smith2': ['reporting', 'sales'], 'max.weiss': ['analyst', 'reporting'],
  })
})

test('a row that vanished ends nobody, and a row that came back is as before', async () => {
  edit('hr.csv', /E-1002,.*\n/, '')
  await uploadAgain()
  const held = await run(4, ['run', '--yes'])
  assert.match(held.stdout, /Held[\s\S]*usher plan release \d+ --system people --kind disable/)
  assert.deepEqual((await members())['anna.nowak'], ['reporting', 'sales'])
  assert.match((await run(0, ['people', 'list', 'nowak'])).stdout, /E-1002 .* active/)
  edit('hr.csv', /E-1003,/, 'E-1002,Anna,Nowak,anna.nowak@example.org,Sales,Account manager,E-1001,2022-01-10,\nE-1003,')
  await uploadAgain()
  await run(0, ['run', '--yes'])
  assert.deepEqual((await members())['anna.nowak'], ['reporting', 'sales'])
})

test('who is released by name ends', async () => {
  edit('hr.csv', /E-1002,.*\n/, '')
  await uploadAgain()
  await run(4, ['run', '--yes'])
  await run(4, ['plan', 'new'])
  await run(0, ['plan', 'release', '--system', 'people', '--yes'])
  await run(0, ['plan', 'approve', '--yes'])
  assert.match((await run(0, ['people', 'list', 'nowak'])).stdout, /E-1002 .* ended/)
  await run(0, ['run', '--yes'])
  assert.ok('(anna.nowak)' in await members())
})

test('who comes back is the same person with the same account', async () => {
  edit('hr.csv', /E-1003,/, 'E-1002,Anna,Nowak,anna.nowak@example.org,Sales,Account manager,E-1001,2022-01-10,\nE-1003,')
  await uploadAgain()
  await run(0, ['run', '--yes'])
  assert.deepEqual((await members())['anna.nowak'], ['reporting', 'sales'])
})

test('a role until a date is given by hand, and ended by hand', async () => {
  const given = await json<{ reasonId: string; planId: string }>(0, ['people', 'grant', 'E-1002', '--role', 'analyst', '--until', '2099-12-31'])
  await run(4, ['plan', 'watch', given.planId])
  await run(0, ['plan', 'approve', given.planId, '--yes'])
  assert.deepEqual((await members())['anna.nowak'], ['analyst', 'reporting', 'sales'])
  await run(0, ['people', 'end-reason', given.reasonId, '--yes'])
  await run(0, ['run', '--person', 'E-1002', '--yes'])
  assert.deepEqual((await members())['anna.nowak'], ['reporting', 'sales'])
})

test('all of it is in the audit log, which verifies here and elsewhere', async () => {
  const actions = (await lines<{ action: string }>(['audit', 'list', '--all'])).map((row) => row.action)
  for (const action of ['policy.changed', 'secret.set', 'plan.approved', 'plan.applied']) assert.ok(actions.includes(action), action)
  await run(0, ['audit', 'verify'])
  // Kept before the export, as an auditor would: a head that is newer than the export would tell of rows it lacks.
  cpSync(path.join(usher.data, 'audit-heads.log'), file('audit-heads.log'))
  const kept = ['--public-key', path.join(usher.data, 'audit-key.pub'), '--heads', file('audit-heads.log')]
  writeFileSync(file('audit.ndjson'), (await run(0, ['audit', 'export'])).stdout)
  await run(0, ['audit', 'verify', file('audit.ndjson'), ...kept])
  edit('audit.ndjson', /"action":"plan\.approved"/, '"action":"plan.refused"')
  assert.match((await run(9, ['audit', 'verify', file('audit.ndjson'), ...kept])).stdout, /was altered/)
})

test('the policy goes out as files and comes in again', async () => {
  const out = file('exported')
  await run(0, ['policy', 'export', out])
  await run(0, ['policy', 'check', out])
  assert.deepEqual((await json<{ differences: unknown[] }>(0, ['policy', 'plan', out])).differences, [])
  rmSync(path.join(out, 'rules/data-department.yaml'))
  assert.deepEqual((await json<{ differences: unknown[] }>(0, ['policy', 'plan', out])).differences, [])
  const pruned = await json<{ differences: { kind: string; id: string; change: string }[] }>(0, ['policy', 'plan', out, '--prune'])
  assert.deepEqual(pruned.differences.map(({ id, change }) => [id, change]), [['data-department', 'removed']])
})

test('two who edit the same thing: the second is told, and nothing is lost', async () => {
  const [anna, jan] = [file('anna'), file('jan')]
  await run(0, ['policy', 'export', anna])
  await run(0, ['policy', 'export', jan])
  edit('anna/roles/sales.yaml', /name: Sales/, 'name: Sales team')
  edit('jan/roles/sales.yaml', /name: Sales/, 'name: Sales people')
  edit('jan/roles/analyst.yaml', /name: Analyst/, 'name: Analysts')
  await run(0, ['policy', 'apply', anna, '--yes'])
  const refused = await run(7, ['policy', 'apply', jan, '--yes'])
  assert.match(refused.stderr, /sales[\s\S]*POLICY_MOVED/)
  edit('jan/roles/sales.yaml', /name: Sales people/, 'name: Sales team')
  await run(0, ['policy', 'apply', jan, '--yes'])
  const { policy } = await json<{ policy: { roles: { id: string; name: string }[] } }>(0, ['policy', 'show'])
  assert.deepEqual(policy.roles.map((role) => role.name).toSorted(), ['Analysts', 'Reports', 'Sales team'])
})
