import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { policy as policySchema, isPeopleJob } from '../domain/policy.ts'
import { RowValues } from './row-values.ts'

const policy = policySchema.parse({
  settings: { timeZone: 'Europe/Berlin' },
  systems: [{ id: 'hr', name: 'HR', connector: 'file', config: { path: 'people.csv' } }],
  jobs: [{
    id: 'hr', name: 'People', source: 'hr', destination: 'people', method: 'automatic', key: 'row["ID"]',
    mapping: { employeeId: 'row["ID"]', displayName: 'row["Name"]', email: 'row["Mail"]', manager: 'row["Boss"]' },
  }],
})
const job = policy.jobs.find(isPeopleJob)!
const few = fc.constantFrom('a', 'A', 'b', 'ß', 'É', 'é', 'E')
const row = fc.record({ employeeId: few, email: few, manager: few }, { requiredKeys: ['employeeId'] })

test('a value that two rows share is always suspected, and a reference that leads to no row settles nothing', () => {
  fc.assert(fc.property(fc.array(row), (rows) => {
    const values = new RowValues(job, policy)
    for (const attributes of rows) values.add(attributes)
    const mails = rows.flatMap((r) => r.email ?? []).map((mail) => mail.toLowerCase())
    const suspects = (values.suspects().get('email') ?? []).map((mail) => mail.toLowerCase())
    for (const mail of mails.filter((m, i) => mails.indexOf(m) !== i)) assert.ok(suspects.includes(mail), mail)
    const known = rows.map((r) => r.employeeId)
    assert.equal(values.settled().includes('manager'), rows.every((r) => r.manager === undefined || known.includes(r.manager)))
  }))
})

test('what PostgreSQL may find equal and we do not is suspected: capitals beyond ASCII', () => {
  const values = new RowValues(job, policy)
  for (const email of ['x@example.org', 'y@example.org', '\u0130@example.org']) values.add({ email })
  assert.deepEqual([...values.suspects()], [['email', ['\u0130@example.org']]])
})

test('many suspects are any', () => {
  const values = new RowValues(job, policy)
  for (let i = 0; i < 2; i++) for (let n = 0; n < 5001; n++) values.add({ email: `${n}@example.org` })
  assert.deepEqual([...values.suspects()], [['email', null]])
})

test('the key itself is nobody else\'s, so it is not watched', () => {
  const values = new RowValues(job, policy)
  for (let i = 0; i < 2; i++) values.add({ employeeId: 'E1' })
  assert.equal(values.suspects().size, 0)
})
