import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { compilePolicy, evaluatePerson } from './evaluate.ts'
import { UsherError } from './errors.ts'
import { compile, type PersonInput } from './expression.ts'
import { policy as policySchema } from './policy.ts'
import { compileRules, failureOf, groupRules, rulesThatHold } from './rule-groups.ts'
import type { Attributes } from './value.ts'

const conditions = [
  'position.department == "Sales"', 'position.department != "Sales"', 'position.department in ["Sales", "HR"] && position.level > 3',
  'position.level == 1', 'position.level == "1"', 'position.level > 3 || person.country == "DE"', 'person.country == null', 'isPresent(person.tags)',
  '"vip" in person.tags', 'date(position.since) <= date(now())', 'position.since < now()', 'true', 'date(person.country) > "2026-01-01"',
  'positions.exists(p, p.department == "HR")', 'size(positions) > 1', 'person.state == "active"', 'person.constructor == "x"', 'position.hasOwnProperty == null',
]

const departments = fc.constantFrom('Sales', 'HR', '', '1')
const person = fc.record({
  country: fc.constantFrom('DE', 'NL', '2026-05-01'), tags: fc.constantFrom(['vip'], [], ['a', 'b']), constructor: fc.constantFrom('x', 'y'),
}, { requiredKeys: [] })
const position = fc.record({
  department: departments, level: fc.constantFrom<string | number | boolean>(1, '1', 5, true, 'x'), since: fc.constantFrom('2026-11-20', '2026-11-22', 'soon'),
}, { requiredKeys: [] })
const someone = fc.record({ person, positions: fc.array(position, { maxLength: 3 }), state: fc.constantFrom('active', 'on-leave') })

const inputsOf = (one: { person: object; positions: object[]; state: string }, id: number, now: string): PersonInput[] => {
  const positions = one.positions as Attributes[]
  return positions.map((position) => ({ person: { ...one.person, id: `p${id}`, state: one.state }, position, positions, now }))
}

/** One rule after the other, one position after the other. */
function plainly(sources: string[], inputs: PersonInput[]): ReturnType<typeof rulesThatHold> {
  const answer: ReturnType<typeof rulesThatHold> = { holds: [], fails: [] }
  for (const [index, source] of sources.entries()) {
    const when = compile(source, 'person')
    try {
      const input = inputs.findIndex((one) => when.evaluate(one) === true)
      if (input >= 0) answer.holds.push({ index, input })
    } catch (error) {
      if (!(error instanceof UsherError)) throw error
      answer.fails.push({ index, message: failureOf(error) })
    }
  }
  return answer
}

test('rules by groups say what each rule says by itself', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...conditions), { minLength: 1, maxLength: 25 }), fc.array(someone, { maxLength: 25 }), (sources, people) => {
    const groups = groupRules(compileRules(sources.map((when, i) => ({ id: `r${i}`, name: `R${i}`, when, roles: ['role'] }))))
    for (const now of ['2026-11-21T12:00:00Z', '2026-11-23T00:00:00Z']) {
      for (const [id, one] of people.entries()) {
        const inputs = inputsOf(one, id, now)
        assert.deepEqual(rulesThatHold(groups, inputs), plainly(sources, inputs))
      }
    }
  }), { numRuns: 300 })
})

test('values that are everybody\'s own fill no memory, and still count', () => {
  const groups = groupRules(compileRules([{ id: 'r', name: 'R', when: 'person.email.endsWith("1@example.org") && position.department == "Sales"', roles: ['role'] }]))
  let held = 0
  for (let n = 0; n < 50_000; n++) {
    const position = { department: n % 2 === 0 ? 'Sales' : 'HR' }
    held += rulesThatHold(groups, [{ person: { id: `p${n}`, state: 'active', email: `${n / 2}1@example.org` }, position, positions: [position], now: '' }]).holds.length
  }
  assert.equal(held, 25_000)
  assert.ok(groups[0]!.size <= 20_001)
})

test('a rule is asked once for people who share what it reads', () => {
  const compiled = compilePolicy(policySchema.parse({
    settings: {}, roles: [{ id: 'staff', name: 'Staff' }], rules: [{ id: 'r', name: 'R', when: 'position.department == "Sales"', roles: ['staff'] }],
  }))
  const [rule] = compiled.ruleGroups[0]!.rules
  const { evaluate } = rule!.when
  let asked = 0
  rule!.when = { ...rule!.when, evaluate: (input) => { asked++; return evaluate(input) } }
  for (let n = 0; n < 100; n++) {
    const { roles } = evaluatePerson(compiled, {
      id: `p${n}`, attributes: {}, positions: [{ key: `hr/${n}/`, job: 'hr', start: '2026-01-01', attributes: { department: n % 2 === 0 ? 'Sales' : 'HR', title: `T${n}` } }],
    }, '2026-11-21T12:00:00Z')
    assert.deepEqual(roles, n % 2 === 0 ? [{ rule: 'r', role: 'staff', position: `hr/${n}/` }] : [])
  }
  assert.equal(asked, 2)
})
