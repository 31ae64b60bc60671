/** Of any rows: who comes of them depends on what they say, not on where they stand; and what is told once more changes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { composePerson, type KnownPerson, type SourceRow } from '../../src/domain/compose-person.ts'
import { rowMapper } from '../../src/domain/map-row.ts'
import { emptyPolicy, peopleJob } from '../../src/domain/policy.ts'

const order = ['hr', 'guests']
const date = fc.integer({ min: 0, max: 900 }).map((n) => new Date(Date.UTC(2025, 0, 1) + n * 86_400_000).toISOString().slice(0, 10))
const attributes = fc.dictionary(fc.constantFrom('givenName', 'surname', 'email'), fc.string({ minLength: 1, maxLength: 5 }), { noNullPrototype: true })
const row: fc.Arbitrary<SourceRow> = fc.record({
  job: fc.constantFrom(...order), key: fc.constant('4711'), positionKey: fc.constantFrom('', 'a', 'b'),
  mapped: fc.record({ attributes, position: fc.tuple(date, fc.option(date)).map(([start, end]) => ({ attributes: { department: 'Sales' }, start, ...(end === null ? {} : { end }) })) }),
})
const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 6, selector: (r) => `${r.job} ${r.positionKey}` })

test('a person is composed of the same rows in any order to the same person', () => {
  fc.assert(fc.property(rows.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))), ([all, mixed]) => {
    assert.deepEqual(composePerson(null, mixed, order), composePerson(null, all, order))
  }))
})

test('the same rows once more make no other person', () => {
  fc.assert(fc.property(rows, (all) => {
    const once = composePerson(null, all, order)
    const known: KnownPerson = { ...once, jobs: [...new Set(all.map((r) => r.job))] }
    assert.deepEqual(composePerson(known, all, order), once)
  }))
})

test('each row is one position, and rows that are not there leave the others as they were', () => {
  fc.assert(fc.property(rows, (all) => {
    const whole = composePerson(null, all, order)
    assert.equal(whole.positions.length, all.length)
    const known: KnownPerson = { ...whole, jobs: [...new Set(all.map((r) => r.job))] }
    assert.deepEqual(composePerson(known, all.slice(1), order).positions, whole.positions)
  }))
})

const job = peopleJob.parse({
  id: 'people', name: 'People', source: 'hr', destination: 'people', key: 'row["ID"]',
  mapping: { employeeId: 'row["ID"]', displayName: 'row["First"] + " " + row["Last"]', givenName: 'row["First"]', surname: 'upper(row["Last"])' },
  position: { department: 'row["Department"]', start: 'row["Start"]' },
})
const cells = fc.record({
  ID: fc.string({ minLength: 1, maxLength: 6 }), First: fc.string({ maxLength: 8 }), Last: fc.string({ maxLength: 8 }), Department: fc.string({ maxLength: 5 }), Start: fc.oneof(date, fc.string({ maxLength: 6 })),
})

test('a row is mapped by what its columns say, whatever their order and whatever other columns there are', () => {
  const mapper = rowMapper(job, emptyPolicy.settings)
  const now = '2026-06-15T08:00:00Z'
  fc.assert(fc.property(cells, fc.string(), (told, other) => {
    const mixed = Object.fromEntries([['Other', other], ...Object.entries(told).toReversed()])
    assert.deepEqual(mapper.map(mixed, now), mapper.map(told, now))
  }))
})

test('a row is usable with its key, set aside with what was expected, or out of scope; mapping never throws', () => {
  const mapper = rowMapper(job, emptyPolicy.settings)
  fc.assert(fc.property(cells, (told) => {
    const result = mapper.map(told, '2026-06-15T08:00:00Z')
    if (result.row === 'usable') assert.equal(result.key, told.ID.trim())
    else if (result.row === 'faulty') assert.notEqual(result.fault.expected, '')
    else assert.fail('nothing is out of scope')
  }))
})
