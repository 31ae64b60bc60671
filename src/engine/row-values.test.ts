import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { policy as policySchema, isPeopleJob } from '../domain/policy.ts'
import type { Attributes } from '../domain/value.ts'
import { RowPrints, RowValues, watched } from './row-values.ts'

const policy = policySchema.parse({
  settings: { timeZone: 'Europe/Berlin' },
  systems: [{ id: 'hr', name: 'HR', connector: 'file', config: { path: 'people.csv' } }],
  jobs: [{
    id: 'hr', name: 'People', source: 'hr', destination: 'people', method: 'automatic', key: 'row["ID"]',
    mapping: { employeeId: 'row["ID"]', displayName: 'row["Name"]', email: 'row["Mail"]', manager: 'row["Boss"]' },
  }],
})
const job = policy.jobs.find(isPeopleJob)!
const asked = watched(job, policy)

/** What is gathered of these rows, taken by two at a time. */
function gathered(rows: Attributes[]): RowValues {
  const values = new RowValues(asked)
  for (let from = 0; from < rows.length; from += 2) {
    const taken = rows.slice(from, from + 2)
    const prints = new RowPrints(asked)
    prints.begin(taken.length)
    for (const attributes of taken) prints.add(String(attributes['employeeId']), '', attributes)
    values.add({ rows: taken.length, ...prints.take(), keyAt: (place) => String(taken[place]!['employeeId']), attributesAt: (place) => taken[place]! })
  }
  return values
}

const few = fc.constantFrom('a', 'A', 'b', 'ß', 'É', 'é', 'E')
const row = fc.record({ employeeId: few, email: few, manager: few }, { requiredKeys: ['employeeId'] })

test('a value that two rows share is always suspected, and a reference that leads to no row settles nothing', () => {
  fc.assert(fc.property(fc.array(row), (rows) => {
    const values = gathered(rows)
    const mails = rows.flatMap((r) => r.email ?? []).map((mail) => mail.toLowerCase())
    const suspects = (values.suspects().get('email') ?? []).map((mail) => mail.toLowerCase())
    for (const mail of mails.filter((m, i) => mails.indexOf(m) !== i)) assert.ok(suspects.includes(mail), mail)
    const keys = rows.map((r) => r.employeeId)
    assert.deepEqual([...values.sharedKeys()].sort(), [...new Set(keys.filter((key, i) => keys.indexOf(key) !== i))].sort())
    const known = rows.map((r) => r.employeeId)
    assert.equal(values.settled().includes('manager'), rows.every((r) => r.manager === undefined || known.includes(r.manager)))
  }))
})

test('what PostgreSQL may find equal and we do not is suspected: capitals beyond ASCII', () => {
  const values = gathered(['x@example.org', 'y@example.org', '\u0130@example.org'].map((email) => ({ email })))
  assert.deepEqual([...values.suspects()], [['email', ['\u0130@example.org']]])
})

test('many suspects are any', () => {
  const mails = Array.from({ length: 5001 }, (_, n) => ({ email: `${n}@example.org` }))
  const values = gathered([...mails, ...mails])
  assert.deepEqual([...values.suspects()], [['email', null]])
})

test('the key itself is nobody else\'s, so it is not watched', () => {
  const values = gathered([{ employeeId: 'E1' }, { employeeId: 'E1' }])
  assert.equal(values.suspects().size, 0)
})
