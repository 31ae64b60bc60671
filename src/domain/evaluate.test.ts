import assert from 'node:assert/strict'
import test from 'node:test'
import { compilePolicy, evaluatePerson } from './evaluate.ts'
import { policy as policySchema } from './policy.ts'

const now = '2026-11-21T12:00:00Z'
const policy = policySchema.parse({
  settings: { timeZone: 'UTC', primaryPosition: ['position.contract == "Permanent"'] },
  systems: [{ id: 'ad', name: 'AD', connector: 'memory' }],
  jobs: [{
    id: 'users', name: 'Users', source: 'people', destination: 'ad', objectType: 'user', scope: 'position.department != "Factory"',
    mapping: { mail: 'person.email', title: 'position.title', phone: 'keep()', login: 'unique([lower(person.givenName)])' },
    lifecycle: { createDaysBefore: 7, onLeave: 'disable' },
  }],
  roles: [{ id: 'sales', name: 'Sales' }],
  rules: [{ id: 'sales-staff', name: 'Sales staff', when: 'position.department == "Sales"', roles: ['sales'] }],
})
const compiled = compilePolicy(policy)
const person = (positions: object[], attributes = {}) => ({
  id: 'p1', attributes: { givenName: 'Anna', email: 'anna@example.org', ...attributes },
  positions: positions.map((p, i) => ({ key: `hr/1/${i}`, job: 'hr', attributes: {}, ...p })),
})
const evaluate = (positions: object[], attributes = {}) => evaluatePerson(compiled, person(positions, attributes), now)

test('an active person has the account that the mapping says and the roles of the rules that hold', () => {
  const { state, accounts: [account], roles } = evaluate([{ start: '2026-01-01', attributes: { department: 'Sales', title: 'Rep' } }])
  assert.equal(state, 'active')
  assert.equal(account!.wanted, 'enabled')
  assert.deepEqual(account!.set, { mail: 'anna@example.org', title: 'Rep' })
  assert.deepEqual(account!.candidates, { login: ['anna'] })
  assert.deepEqual(roles, [{ rule: 'sales-staff', role: 'sales', position: 'hr/1/0' }])
})

test('no value clears, keep() leaves alone', () => {
  const { accounts: [account] } = evaluate([{ start: '2026-01-01' }], { email: '' })
  assert.deepEqual(account!.clear, ['mail', 'title'])
  assert.ok(!('phone' in account!.set))
})

test('rules look at every living position, accounts at the primary one', () => {
  const { accounts: [account], roles } = evaluate([
    { start: '2020-01-01', attributes: { department: 'Sales', title: 'Rep', contract: 'Contractor' } },
    { start: '2026-01-01', attributes: { department: 'HR', title: 'Partner', contract: 'Permanent' } },
  ])
  assert.equal(account!.set['title'], 'Partner')
  assert.equal(roles.length, 1)
})

test('before the start the account comes some days ahead, disabled', () => {
  assert.equal(evaluate([{ start: '2026-11-26' }]).accounts[0]!.wanted, 'disabled')
  assert.equal(evaluate([{ start: '2026-12-26' }]).accounts[0]!.wanted, 'none')
})

test('on leave disabled, out of scope and ended none', () => {
  assert.equal(evaluate([{ start: '2026-01-01', leaveFrom: '2026-11-01' }]).accounts[0]!.wanted, 'disabled')
  assert.equal(evaluate([{ start: '2026-01-01', attributes: { department: 'Factory' } }]).accounts[0]!.wanted, 'none')
  const ended = evaluate([{ start: '2026-01-01', end: '2026-11-20', attributes: { department: 'Sales' } }])
  assert.equal(ended.accounts[0]!.wanted, 'none')
  assert.deepEqual(ended.roles, [])
  assert.equal(ended.endedAt, '2026-11-21T00:00:00Z')
})

test('a rule that fails on a value decides nothing, and the others go on', () => {
  const broken = compilePolicy({ ...policy, rules: [{ id: 'bad', name: 'Bad', when: 'date(position.department) > "2026-01-01"', roles: ['sales'] }, ...policy.rules] })
  const { roles, undecided } = evaluatePerson(broken, person([{ start: '2026-01-01', attributes: { department: 'Sales' } }]), now)
  assert.deepEqual(undecided.map((u) => u.rule.id), ['bad'])
  assert.equal(roles.length, 1)
})
