/** The whole way through the API: a file, a system in memory, policy as files, a plan, people and why. The engine is the real one. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileConnector } from '../../src/connectors/file/file-connector.ts'
import { memoryConnector } from '../../src/connectors/memory/memory-connector.ts'
import { newMemorySystem } from '../../src/connectors/memory/memory-world.ts'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import type { Schema } from '../../client/index.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

const app1 = newMemorySystem()
app1.records.set('g1', { objectType: 'group', id: 'g1', name: 'sellers', attributes: { name: 'sellers' }, enabled: true })
app1.members.set('g1', new Set())
let world: World
let ask: ReturnType<World['as']>
let filePath = ''

const staff = [
  'Employee ID,First name,Last name,E-mail,Manager ID,Department,Start,End',
  '1,Anna,Nowak,anna@example.org,,Sales,2020-01-01,',
  '2,Bo,Ek,bo@example.org,1,Sales,2021-05-01,',
  '3,Cem,Öz,cem@example.org,1,Data,2022-02-01,',
  '4,Dee,Date,dee@example.org,1,Data,31.31.2022,',
]
const files = (extra: Record<string, string> = {}) => ({
  'settings.yaml': 'organisation: Test company\ntimeZone: Europe/Berlin\n',
  'systems/hr.yaml': `name: HR file\nconnector: file\nconfig: { path: ${filePath} }\n`,
  'systems/app.yaml': 'name: The app\nconnector: memory\nconfig: { system: app }\nmethod: approve\n',
  'jobs/hr-people.yaml': `name: Staff list
source: hr
destination: people
key: row["Employee ID"]
mapping:
  employeeId: row["Employee ID"]
  givenName: row["First name"]
  surname: row["Last name"]
  displayName: row["First name"] + " " + row["Last name"]
  email: row["E-mail"]
  manager: row["Manager ID"]
position:
  start: date(row["Start"])
  end: date(row["End"])
  department: row["Department"]
schedule: { cron: '0 6 * * *' }
`,
  'jobs/app-users.yaml': `name: App users
source: people
destination: app
objectType: user
match: [personId]
mapping:
  name: lower(ascii(person.givenName)) + "." + lower(ascii(person.surname))
  displayName: person.displayName
  personId: person.id
`,
  'roles/seller.yaml': 'name: Seller\ngrants:\n  - { system: app, entitlement: sellers }\n',
  'rules/sales.yaml': 'name: Sales staff\nwhen: position.department == "Sales"\nroles: [seller]\n',
  ...extra,
})

async function upload(lines: string[], replace?: string) {
  const boundary = 'xxboundaryxx'
  const payload = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="../../staff list.csv"\r\nContent-Type: text/csv\r\n\r\n${lines.join('\n')}\n\r\n--${boundary}--\r\n`
  const { secret } = (await ask('POST', '/api/tokens', { name: 'upload', role: 'administrator' })).json()
  return await world.app.inject({
    method: 'POST', url: `/api/uploads${replace === undefined ? '' : `?replace=${encodeURIComponent(replace)}`}`, payload,
    headers: { authorization: `Bearer ${secret}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
}

async function planned(body: object = {}): Promise<{ id: string; plan: Schema<'Plan'> }> {
  const started = await ask('POST', '/api/plans', body)
  assert.equal(started.statusCode, 200, started.body)
  await world.work()
  const { planId } = started.json()
  const shown = await ask('GET', `/api/plans/${planId}`)
  assert.equal(shown.statusCode, 200, shown.body)
  return { id: planId, plan: shown.json() }
}

before(async () => {
  world = await startWorld({
    realEngine: true, connectors: [fileConnector, memoryConnector({ systems: { app: app1 } })] as ConnectorDefinition[],
  })
  ask = world.as('administrator')
})
after(() => world.close())

test('a fresh installation says what to do first', async () => {
  const overview = (await ask('GET', '/api/overview')).json()
  assert.deepEqual(overview.start, { hasSource: false, hasDestination: false, hasJob: false, hasPlan: false })
  assert.deepEqual(overview.people, [])
})

test('a plan of jobs or people that are not there is refused', async () => {
  for (const scope of [{ jobs: ['hr-to-peopel'] }, { people: ['00000000-0000-4000-8000-000000000001'] }]) {
    const answer = await ask('POST', '/api/plans', { scope })
    assert.equal(answer.json().error?.code, 'NOT_FOUND', answer.body)
  }
})

test('an upload lands in the files folder under a safe name', async () => {
  const response = await upload(staff)
  assert.equal(response.statusCode, 200, response.body)
  filePath = response.json().path
  assert.match(filePath, /^uploads\/[0-9a-f]{8}\/staff list\.csv$/)
  assert.equal((await upload(staff, '../../etc/passwd')).json().error.code, 'NOT_FOUND')
  assert.equal((await upload(staff, filePath)).json().path, filePath)
  filePath = JSON.stringify(filePath)
})

test('a draft is checked and inspected before it is policy', async () => {
  const draft = { id: 'hr', name: 'HR file', connector: 'file', config: { path: JSON.parse(filePath) } }
  const shape = (await ask('POST', '/api/systems/inspect', { system: draft })).json()
  assert.deepEqual(shape.columns.map((c: { name: string }) => c.name).slice(0, 3), ['Employee ID', 'First name', 'Last name'])
  const check = (await ask('POST', '/api/systems/check', { system: { ...draft, config: { path: 'nowhere.csv' } } })).json()
  assert.equal(check.ok, false)
  assert.ok(check.steps.some((s: { advice?: string }) => s.advice))
  assert.equal((await ask('POST', '/api/systems/check', { system: { id: 'HR!' } })).json().error.code, 'POLICY_INVALID')
  const connectors = (await ask('GET', '/api/connectors')).json().items
  assert.deepEqual(connectors.map((c: { kind: string }) => c.kind), ['file', 'memory'])
  assert.equal(connectors[1].configSchema.properties.password.secret, true)
})

test('policy comes as files, is checked, planned and applied once', async () => {
  const wrong = (await ask('POST', '/api/policy/check', { files: files({ 'rules/sales.yaml': 'name: x\nwhen: position.department ==\nroles: [seller]\n' }) })).json()
  assert.equal(wrong.problems[0].file, 'rules/sales.yaml')
  assert.ok(wrong.problems[0].line >= 2)
  const plan = (await ask('POST', '/api/policy/plan', { files: files(), base: 0 })).json()
  assert.deepEqual(plan.problems.filter((p: { severity: string }) => p.severity === 'error'), [])
  assert.equal(plan.differences.filter((d: { change: string }) => d.change === 'added').length, 6)
  const applied = await ask('POST', '/api/policy/apply', { files: files(), base: 0, message: 'the first' })
  assert.equal(applied.json().revision, 1, applied.body)
  const again = (await ask('POST', '/api/policy/apply', { files: files(), base: 1 })).json()
  assert.deepEqual(again, { revision: 1, differences: [] })
  assert.deepEqual(Object.keys((await ask('GET', '/api/policy/files')).json().files).toSorted(), Object.keys(files()).toSorted())
})

test('an edit in the UI holds unless the same object was changed meanwhile', async () => {
  const role = { name: 'Seller', description: 'Sells', grants: [{ system: 'app', entitlement: 'sellers' }] }
  assert.equal((await ask('PUT', '/api/policy/objects/roles/seller', { object: role, revision: 1 })).json().revision, 2)
  assert.equal((await ask('PUT', '/api/policy/objects/roles/seller', { object: { ...role, description: 'x' }, revision: 1 })).json().error.code, 'POLICY_MOVED')
  assert.equal((await ask('PUT', '/api/policy/objects/roles/other', { object: { name: 'Other' }, revision: 1 })).json().revision, 3)
  assert.equal((await ask('DELETE', '/api/policy/objects/roles/seller?revision=3')).json().error.code, 'POLICY_INVALID')
  assert.equal((await ask('DELETE', '/api/policy/objects/roles/other?revision=3')).json().revision, 4)
  const revision = (await ask('GET', '/api/policy/revisions/2')).json()
  assert.deepEqual(revision.differences[0].fields, [{ field: 'description', before: null, after: 'Sells' }])
  assert.equal(revision.madeBy.name, 'for administrator (token of The administrator)')
  const expression = (await ask('POST', '/api/expressions/check', { expression: 'lower(person.email', scope: 'person' })).json()
  assert.equal(expression.ok, false)
  assert.equal(expression.line, 1)
})

let first = ''
test('a plan shows both stages in sentences, and set-aside rows with their cell', async () => {
  const { id, plan } = await planned()
  first = id
  assert.equal(plan.state, 'open', JSON.stringify(plan))
  assert.match(plan.says, /3 people to add; 3 accounts to create, 2 grants to make in The app\./)
  assert.ok(plan.basedOn.some((b: { says: string }) => b.says.includes('"Staff list", 1 set aside')), JSON.stringify(plan.basedOn))
  const page = (await ask('POST', `/api/plans/${id}/changes/search`, { limit: 2 })).json()
  assert.equal(page.items.length, 2)
  assert.match(page.items[0].says, /^Add Anna Nowak, because there is a new row for Anna Nowak \(.*staff list\.csv/)
  assert.ok(page.items[0].fields.some((f: { attribute: string; after: unknown }) => f.attribute === 'department' && f.after === 'Sales'))
  const rest = (await ask('POST', `/api/plans/${id}/changes/search`, { limit: 500, after: page.next })).json()
  assert.equal(rest.items.length, 6)
  const grants = (await ask('POST', `/api/plans/${id}/changes/search`, { kind: 'grant', search: 'bo ek' })).json()
  assert.equal(grants.items[0].says, 'Give sellers to account bo.ek in The app, because rule "Sales staff" gives the role "Seller".')
  const people = (await ask('POST', `/api/plans/${id}/people/search`, {})).json()
  assert.deepEqual(people.items.map((p: { person: { name: string } }) => p.person.name), ['Anna Nowak', 'Bo Ek', 'Cem Öz'])
  assert.equal(people.items[0].changes, 3)
  const aside = (await ask('GET', '/api/jobs/hr-people/set-aside')).json().items
  assert.equal(aside.length, 1)
  assert.equal(aside[0].value, '31.31.2022')
  assert.ok(aside[0].address && aside[0].advice)
  assert.equal(app1.writes, 0)
})

test('a plan is approved by its hash, carried out and read back', async () => {
  assert.equal((await ask('POST', `/api/plans/${first}/approve`, { hash: 'another' })).json().error.code, 'PLAN_HASH_DIFFERS')
  const { hash } = (await ask('GET', `/api/plans/${first}`)).json()
  const approved = await ask('POST', `/api/plans/${first}/approve`, { hash })
  assert.equal(approved.statusCode, 200, approved.body)
  await world.work()
  const plan = (await ask('GET', `/api/plans/${first}`)).json()
  assert.equal(plan.state, 'applied')
  assert.equal(plan.done, plan.total)
  assert.match(plan.says, /3 people added; 3 accounts created, 2 grants made in The app\./)
  assert.deepEqual([plan.systems.length, plan.approvedBy.name], [2, 'for administrator (token of The administrator)'])
  assert.deepEqual([...app1.records.values()].map((r) => r.name).toSorted(), ['anna.nowak', 'bo.ek', 'cem.oz', 'sellers'])
})

test('people are found by words of name, e-mail and id, page by page', async () => {
  const search = async (body: object) => (await ask('POST', '/api/people/search', body)).json()
  assert.deepEqual((await search({ search: 'nowak ann' })).items.map((p: { name: string }) => p.name), ['Anna Nowak'])
  assert.deepEqual((await search({ search: 'CEM@EXAMPLE' })).items.map((p: { employeeId: string }) => p.employeeId), ['3'])
  assert.deepEqual((await search({ department: 'Sales' })).items.map((p: { accounts: number }) => p.accounts), [1, 1])
  assert.equal((await search({ search: '100%' })).total, 0)
  const one = await search({ limit: 1 })
  assert.deepEqual([one.total, one.items[0].name], [3, 'Anna Nowak'])
  const two = await search({ limit: 1, after: one.next })
  assert.deepEqual([two.total, two.items[0].name], [null, 'Bo Ek'])
  const three = await search({ limit: 1, after: two.next })
  assert.deepEqual([three.items[0].name, three.next], ['Cem Öz', null])
  const csv = await ask('GET', '/api/people.csv?department=Data')
  assert.equal(csv.body.trim().split('\r\n').length, 2)
  assert.match(String(csv.headers['content-disposition']), /people\.csv/)
  const filters = (await ask('GET', '/api/people/filters')).json()
  assert.deepEqual(filters.departments, [{ value: 'Sales', people: 2 }, { value: 'Data', people: 1 }])
})

test('a person shows everything, because of what, and why not', async () => {
  const [bo] = (await ask('POST', '/api/people/search', { search: 'bo' })).json().items
  const person = (await ask('GET', `/api/people/${bo.id}`)).json()
  assert.deepEqual([person.name, person.state, person.positions.length, person.accounts[0].name], ['Bo Ek', 'active', 1, 'bo.ek'])
  assert.equal(person.attributes.find((a: { name: string }) => a.name === 'manager').person.name, 'Anna Nowak')
  const anna = person.attributes.find((a: { name: string }) => a.name === 'manager').person.id
  assert.deepEqual((await ask('GET', `/api/people/${anna}`)).json().reports.map((r: { name: string }) => r.name), ['Bo Ek', 'Cem Öz'])

  const why = await ask('GET', `/api/people/${bo.id}/why`)
  assert.equal(why.statusCode, 200, why.body)
  assert.equal(why.json().access[0].entitlement, 'sellers')
  const [cem] = (await ask('POST', '/api/people/search', { search: 'cem' })).json().items
  const whyNot = await ask('GET', `/api/people/${cem.id}/why-not?roleId=seller`)
  assert.equal(whyNot.json().has, false, whyNot.body)
  assert.deepEqual(whyNot.json().ways[0].failed.saw, { 'position.department': 'Data' }, whyNot.body)
  assert.equal((await ask('GET', `/api/people/${cem.id}/why-not`)).json().error.code, 'INVALID_INPUT')

  const history = (await ask('GET', `/api/people/${bo.id}/history`)).json()
  assert.ok(history.items.some((h: { says: string }) => h.says.startsWith('Create account bo.ek in The app')), JSON.stringify(history.items))
  assert.ok(history.items.some((h: { says: string }) => h.says.startsWith('Add Bo Ek')))
  const half = (await ask('GET', `/api/people/${bo.id}/history?limit=2`)).json()
  const other = (await ask('GET', `/api/people/${bo.id}/history?limit=500&after=${half.next}`)).json()
  assert.deepEqual([...half.items, ...other.items], history.items)
})

test('a role is given by hand and taken back', async () => {
  const [cem] = (await ask('POST', '/api/people/search', { search: 'cem' })).json().items
  const given = await ask('POST', `/api/people/${cem.id}/grants`, { roleId: 'seller', note: 'covers for Bo' })
  assert.equal(given.statusCode, 200, given.body)
  await world.work()
  const plan = (await ask('GET', `/api/plans/${given.json().planId}`)).json()
  assert.match(plan.says, /1 grant/)
  assert.equal((await ask('POST', `/api/people/${cem.id}/grants`, { roleId: 'seller', entitlementId: '1' })).json().error.code, 'INVALID_INPUT')
  const ended = await ask('DELETE', `/api/reasons/${given.json().reasonId}`)
  assert.equal(ended.statusCode, 200, ended.body)
  await world.work()
  const history = (await ask('GET', `/api/people/${cem.id}/history`)).json()
  assert.ok(history.items.some((h: { says: string }) => h.says.includes('"covers for Bo"')), JSON.stringify(history.items))
})

test('systems, jobs and roles show what is there', async () => {
  const systems = (await ask('GET', '/api/systems')).json().items
  const app = systems.find((s: { id: string }) => s.id === 'app')
  assert.deepEqual([app.accounts, app.linked, app.orphans, app.state, app.destination], [3, 3, 0, 'fine', true])
  assert.equal(systems.find((s: { id: string }) => s.id === 'hr').lastRead.rows, 3)
  const detail = (await ask('GET', '/api/systems/app')).json()
  assert.equal(detail.capabilities.destination, true)
  assert.deepEqual(detail.jobs, [{ id: 'app-users', name: 'App users' }])
  const accounts = (await ask('POST', '/api/systems/app/accounts/search', { filter: 'linked', search: 'nowak' })).json().items
  assert.deepEqual(accounts.map((a: { person: { name: string } }) => a.person.name), ['Anna Nowak'])
  const [group] = (await ask('POST', '/api/systems/app/entitlements/search', {})).json().items
  const members = (await ask('GET', `/api/systems/app/entitlements/${group.id}/members`)).json().items
  assert.deepEqual(members.map((m: { name: string }) => m.name), ['anna.nowak', 'bo.ek'])

  const jobs = (await ask('GET', '/api/jobs')).json().items
  const hr = jobs.find((j: { id: string }) => j.id === 'hr-people')
  assert.deepEqual([hr.source.name, hr.destination.name, hr.lastPlan.number > 0], ['HR file', 'People', true])
  assert.match(hr.nextRunAt, /T05:00:00|T04:00:00/)
  const records = (await ask('POST', '/api/jobs/hr-people/records/search', { search: 'nowak' })).json().items
  assert.deepEqual([records[0].key, records[0].person.name], ['1', 'Anna Nowak'])
  const roles = (await ask('GET', '/api/roles')).json()
  assert.deepEqual(roles.roles, [{ id: 'seller', people: 2 }])
  const [bo] = (await ask('POST', '/api/people/search', { search: 'bo' })).json().items
  const preview = await ask('POST', '/api/jobs/preview', { job: 'app-users', personId: bo.id })
  assert.equal(preview.statusCode, 200, preview.body)
  assert.ok(preview.json().steps.length > 2)
  assert.equal((await ask('POST', '/api/jobs/preview', { job: 'app-users' })).json().error.code, 'INVALID_INPUT')
})

test('whoever leaves is disabled, with the day and the row as the reason', async () => {
  await upload([staff[0]!, '1,Anna,Nowak,anna@example.org,,Sales,2020-01-01,2024-01-31', staff[2]!, staff[3]!], JSON.parse(filePath))
  const { id, plan } = await planned()
  const page = (await ask('POST', `/api/plans/${id}/changes/search`, { system: 'app', kind: 'disable' })).json()
  assert.match(page.items[0].says, /^Disable account anna\.nowak in The app, because Anna Nowak left on 2024-01-31 \(.*staff list\.csv, [^)]*H2\)\.$/)
  assert.ok(['open', 'held'].includes(plan.state))
  const csv = await ask('GET', `/api/plans/${id}/changes.csv`)
  assert.ok(csv.body.includes('anna.nowak'))
  const listed = (await ask('GET', '/api/plans?limit=1')).json()
  assert.equal(listed.items[0].id, id)
  assert.ok(listed.next)
})

test('the overview tells what waits', async () => {
  const overview = (await ask('GET', '/api/overview')).json()
  assert.equal(overview.waiting.plansOpen + overview.waiting.plansHeld, overview.plansToReview.length)
  assert.equal(overview.waiting.setAside, 0)
  assert.deepEqual(overview.start, { hasSource: true, hasDestination: true, hasJob: true, hasPlan: true })
  assert.equal(overview.systems.length, 2)
})

test('the audit log names who did what, verifies, and can be taken away', async () => {
  const page = (await ask('GET', '/api/audit?action=policy&limit=2')).json()
  assert.match(page.items[0].says, /^for administrator \(token of The administrator\): policy changed, policy revision 4\.$/)
  assert.ok(page.next)
  const verified = (await ask('GET', '/api/audit/verify')).json()
  assert.equal(verified.ok, true)
  assert.ok(verified.unsealed > 10)
  const exported = await ask('GET', '/api/audit/export')
  assert.match(exported.body.split('\n')[0]!, /"start"/)
  const log = (await world.pool.query('select string_agg(detail::text, chr(10)) as all from audit')).rows[0].all
  for (const personal of ['Nowak', 'anna@example.org']) assert.ok(!log.includes(personal), `the audit log holds ${personal}`)
  for (const personal of ['Nowak', 'anna@example.org', 'nowak']) assert.ok(!world.logged.join('\n').includes(personal), `the log holds ${personal}`)
})

test('secrets go in and never come out', async () => {
  assert.equal((await ask('PUT', '/api/secrets/app%2Fpassword', { value: 'hunter2-hunter2' })).statusCode, 200)
  const listed = await ask('GET', '/api/secrets')
  assert.deepEqual(listed.json().items.map((s: { reference: string }) => s.reference), ['app/password'])
  assert.ok(!listed.body.includes('hunter2') && !world.logged.join('\n').includes('hunter2'))
  assert.equal((await ask('DELETE', '/api/secrets/app%2Fpassword')).statusCode, 200)
})

test('metrics speak of the whole', async () => {
  const metrics = (await ask('GET', '/metrics')).body
  assert.match(metrics, /usher_people\{state="active"\} 3/)
  assert.match(metrics, /usher_http_request_seconds_count\{method="POST",route="\/api\/people\/search",status="200"\}/)
  assert.match(metrics, /usher_last_complete_read_timestamp_seconds\{system="app"\} \d+/)
})
