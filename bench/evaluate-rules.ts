/**
 * 200 rules for 100,000 people. The floor is one evaluation by the CEL package for each rule and person; a few thousand
 * people are enough to measure it, and the figure is scaled to all of them.
 */
import { Environment } from '@marcbachmann/cel-js'
import { compilePolicy, evaluatePerson } from '../src/domain/evaluate.ts'
import type { Person } from '../src/domain/person.ts'
import { policy as policySchema } from '../src/domain/policy.ts'
import { atMost, type Figure } from './figure.ts'
import { best, processorSeconds } from './measure.ts'

const ruleCount = 200
const asOf = '2026-11-21T12:00:00Z'

export async function run(count = 100_000, rounds = 3): Promise<Figure[]> {
  const policy = policySchema.parse({ settings: { timeZone: 'Europe/Berlin' }, roles: roles(), rules: rules() })
  const people = Array.from({ length: count }, (_, n) => person(n))
  const sample = people.slice(0, 2000)
  const [ours, floor]: [number[], number[]] = [[], []]
  const compiled = rules().map((rule) => new Environment({ unlistedVariablesAreDyn: true }).parse(rule.when))
  for (let round = 0; round < rounds; round++) {
    let [held, given] = [0, 0]
    floor.push(await processorSeconds(() => {
      for (const { attributes, positions } of sample) {
        const input = { person: attributes, position: positions[0]!.attributes }
        for (const when of compiled) if (when(input) === true) held++
      }
    }) * count / sample.length)
    ours.push(await processorSeconds(() => {
      const fresh = compilePolicy(policy)
      for (const [n, one] of people.entries()) {
        const { roles: has } = evaluatePerson(fresh, one, asOf)
        if (n < sample.length) given += has.length
      }
    }))
    if (held !== given || held === 0) throw new Error(`The rules gave ${given} roles instead of ${held}`)
  }
  return [atMost(`${ruleCount} rules × ${count} people`, best(ours), 's', best(floor), 0.2)]
}

function roles(): object[] {
  return Array.from({ length: ruleCount }, (_, n) => ({ id: `role-${n}`, name: `Role ${n}` }))
}

/** As companies have them: mostly by department, title and place, some by two or three of them, few by country. */
function rules(): { id: string; name: string; when: string; roles: string[] }[] {
  return Array.from({ length: ruleCount }, (_, n) => {
    const department = `position.department == "Department ${n % 30}"`
    const when = n % 10 < 4 ? department
      : n % 10 < 6 ? `position.title == "Account manager ${n % 40}"`
      : n % 10 < 8 ? `${department} && position.location in ["City ${n % 25}", "City ${(n + 7) % 25}"]`
      : n % 10 === 8 ? `${department} && (position.title == "Account manager ${n % 40}" || position.location == "City ${n % 25}")`
      : `person.country == "C${n % 12}" && position.location != "City ${n % 25}"`
    return { id: `rule-${n}`, name: `Rule ${n}`, when, roles: [`role-${n}`] }
  })
}

function person(n: number): Person {
  return {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, state: 'active',
    attributes: { employeeId: `E${n}`, givenName: `Given${n % 5000}`, surname: `Surname${n * 7919 % 70_001}`, email: `given${n}@example.org`, country: `C${n % 12}` },
    positions: [{
      key: `hr/E${n}/`, job: 'hr', start: `20${String(5 + n % 20).padStart(2, '0')}-0${1 + n % 9}-1${n % 10}`,
      attributes: { title: `Account manager ${n % 40}`, department: `Department ${n % 30}`, location: `City ${n * 7 % 25}` },
    }],
  }
}

if (import.meta.main) for (const figure of await run()) console.log(JSON.stringify(figure))
