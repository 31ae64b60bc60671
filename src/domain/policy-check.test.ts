import assert from 'node:assert/strict'
import test from 'node:test'
import { cronProblem } from './cron.ts'
import { checkPolicy, type Describe } from './policy-check.ts'
import { parsePolicy } from './policy-parse.ts'

/** A small policy without problems. */
function sound(): Record<string, unknown> & { systems: object[]; jobs: Record<string, unknown>[]; roles: Record<string, unknown>[]; rules: Record<string, unknown>[]; settings: Record<string, unknown> } {
  return {
    settings: {},
    systems: [{ id: 'hr', name: 'HR', connector: 'file' }, { id: 'dir', name: 'Directory', connector: 'ldap' }],
    jobs: [
      {
        id: 'hr-people', name: 'HR to people', source: 'hr', destination: 'people', key: 'row["Id"]',
        mapping: { employeeId: 'row["Id"]', displayName: 'row["Name"]' }, position: { department: 'row["Dept"]' }, match: [['email']],
      },
      { id: 'people-dir', name: 'People to directory', source: 'people', destination: 'dir', objectType: 'user', match: ['uid'], mapping: { uid: 'person.employeeId', cn: 'person.displayName' } },
    ],
    roles: [{ id: 'base', name: 'Base', grants: [{ system: 'dir', entitlement: 'cn=base' }] }, { id: 'sales', name: 'Sales', roles: ['base'] }],
    rules: [{ id: 'sales-staff', name: 'Sales staff', when: 'position.department == "Sales"', roles: ['sales'] }],
  }
}

const describe: Describe = (system) => (system.id === 'hr' ? { source: true, destination: false, objectTypes: [] } : {
  source: true, destination: true,
  objectTypes: [
    { name: 'user', kind: 'account', attributes: [{ name: 'uid', type: 'text', required: true }, { name: 'cn', type: 'text', required: true }, { name: 'userPassword', type: 'text', required: true, secret: true }] },
    { name: 'group', kind: 'entitlement', attributes: [] },
  ],
})

function problemsOf(change: (policy: ReturnType<typeof sound>) => void, described = describe): string[] {
  const document = sound()
  change(document)
  const { policy, problems } = parsePolicy(document)
  return (policy === null ? problems : checkPolicy(policy, described)).map((found) => `${found.severity === 'warning' ? 'warning ' : ''}${found.path.join('.')}: ${found.message}`)
}

test('a sound policy has no problems', () => assert.deepEqual(problemsOf(() => {}), []))

const cases: [string, (policy: ReturnType<typeof sound>) => void, string][] = [
  ['an unknown system', (p) => { p.jobs[0]!['source'] = 'hrr' }, 'jobs.0.source: There is no system "hrr". Did you mean "hr"?'],
  ['a destination that is none', (p) => { p.jobs[1]!['destination'] = 'hr' }, 'jobs.1.destination: System "hr" cannot be a destination.'],
  ['an unknown role', (p) => { p.rules[0]!['roles'] = ['sale'] }, 'rules.0.roles.0: There is no role "sale". Did you mean "sales"?'],
  ['a role in a ring', (p) => { p.roles[0]!['roles'] = ['base'] }, 'roles.0.roles.0: Role "base" would contain itself, through "base".'],
  ['an id twice', (p) => { p.rules.push({ ...p.rules[0] }) }, 'rules.1.id: There are two rules with the id "sales-staff".'],
  ['a broken expression', (p) => { p.rules[0]!['when'] = 'position.department = "Sales"' }, 'rules.0.when: Unexpected character: =.'],
  ['a rule that is no condition', (p) => { p.rules[0]!['when'] = 'lower(position.department)' }, 'rules.0.when: This is a condition; the expression gives text.'],
  ['an attribute that nobody has', (p) => { p.rules[0]!['when'] = 'position.departmnt == "Sales"' }, 'warning rules.0.when: position.departmnt is not known. Did you mean "department"?'],
  ['a field of people that is not declared', (p) => { p.jobs[0]!['mapping'] = { employeeId: 'row.a', displayName: 'row.b', mail: 'row.c' } },
    'jobs.0.mapping.mail: "mail" is not an attribute of people. Declare it in the settings. Did you mean "email"?'],
  ['a required field of people that nobody fills', (p) => { p.jobs[0]!['mapping'] = { employeeId: 'row.a' } }, 'jobs.0.mapping: "displayName" is required and no job fills it.'],
  ['a required field of the system', (p) => { p.jobs[1]!['mapping'] = { uid: 'person.id' } }, 'jobs.1.mapping: "cn" is required by system "dir" and has no mapping.'],
  ['a secret that is mapped', (p) => { (p.jobs[1]!['mapping'] as Record<string, string>)['userPassword'] = '"x"' }, 'jobs.1.mapping.userPassword: "userPassword" is a secret; Usher makes it.'],
  ['a field that the system does not describe', (p) => { (p.jobs[1]!['mapping'] as Record<string, string>)['sn'] = '"x"' },
    'warning jobs.1.mapping.sn: System "dir" does not describe "sn". There is uid, cn, userPassword.'],
  ['an object type that is none', (p) => { p.jobs[1]!['objectType'] = 'users' }, 'jobs.1.objectType: System "dir" has no "users"; it has user, group.'],
  ['a match without a mapping', (p) => { p.jobs[1]!['match'] = ['mail'] }, 'jobs.1.match.0: "mail" is matched but has no mapping to be matched with.'],
  ['a match by what people do not have', (p) => { p.jobs[0]!['match'] = [['mail']] },
    'jobs.0.match.0.0: There is no attribute "mail". Did you mean "email"?'],
  ['a schedule', (p) => { p.jobs[0]!['schedule'] = { cron: '0 25 * * *' } }, 'jobs.0.schedule.cron: "25" is no hour: 0 to 23, *, a range such as 0-1 or a step such as */2.'],
  ['an unknown field', (p) => { p.jobs[1]!['maping'] = {} }, 'jobs.1.maping: "maping" is not known here.'],
  ['a missing field', (p) => { delete p.rules[0]!['when'] }, 'rules.0.when: "when" is missing.'],
  ['a wrong kind', (p) => { p.rules[0]!['roles'] = 'sales' }, 'rules.0.roles: Expected a list, found text.'],
  ['a wrong word', (p) => { p.jobs[1]!['method'] = 'auto' }, 'jobs.1.method: Expected one of observe, approve, automatic.'],
]

for (const [name, change, expected] of cases) test(`names ${name}`, () => assert.deepEqual(problemsOf(change), [expected]))

test('what a connector says about its configuration is passed on', () => {
  assert.deepEqual(problemsOf(() => {}, (system) => (system.id === 'dir' ? { problems: [{ path: ['config', 'url'], message: 'An LDAP URL is missing.' }] } : undefined)),
    ['systems.1.config.url: An LDAP URL is missing.'])
})

test('a problem within an expression has its place there', () => {
  const document = sound()
  document.rules[0]!['when'] = 'true &&\n  nothing("x")'
  const { policy } = parsePolicy(document)
  assert.ok(policy)
  assert.deepEqual(checkPolicy(policy)[0]?.within, { line: 2, column: 3 })
})

test('schedules', () => {
  for (const fine of ['0 5 * * *', '*/15 8-18 * * mon-fri', '0,30 0 1 jan,jul 0', '5 4 * * sun']) assert.equal(cronProblem(fine), null, fine)
  for (const wrong of ['0 5 * *', '60 * * * *', '* * 0 * *', '*/0 * * * *', '5-1 * * * *', '@daily', 'a b c d e']) assert.notEqual(cronProblem(wrong), null, wrong)
})
