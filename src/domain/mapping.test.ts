import assert from 'node:assert/strict'
import test from 'node:test'
import { UsherError } from './errors.ts'
import { applyMapping, candidatesInOrder, compileMapping } from './mapping.ts'

const now = '2026-11-21T08:00:00Z'

test('a value, nothing, keep, candidates: each is its own outcome', () => {
  const mapping = compileMapping({
    mail: 'lower(row["E-mail"])', phone: 'row["Phone"]', title: 'keep()', fax: 'clear()', room: '""', login: 'unique([row["Login"], "a{n}"])',
    groups: 'split(row["Groups"], ",")', level: 'row["Level"] + 1', vip: 'row["Level"] > 2', none: 'split("", ",")',
  }, 'row')
  const { values, failures } = applyMapping(mapping, { row: { 'E-mail': 'A@X.ORG', Groups: 'a, b,', Level: 2 }, now })
  assert.deepEqual(failures, [])
  assert.deepEqual(values, {
    mail: { set: 'a@x.org' }, phone: 'clear', title: 'keep', fax: 'clear', room: 'clear', login: { candidates: ['a{n}'] },
    groups: { set: ['a', 'b'] }, level: { set: 3 }, vip: { set: false }, none: 'clear',
  })
})

test('a value that does not fit names attribute, column, value and what was expected; the others go on', () => {
  const mapping = compileMapping({ start: 'date(row["Start date"])', end: 'date(coalesce(row["End"], row["Until"]))', map: '{"a": row.x}', mail: 'row["E-mail"]' }, 'row')
  const { values, failures } = applyMapping(mapping, { row: { 'Start date': '31.02.2026', End: 'soon', 'E-mail': 'a@x.org' }, now })
  assert.deepEqual(values, { mail: { set: 'a@x.org' } })
  assert.deepEqual(failures[0], {
    attribute: 'start', expression: 'date(row["Start date"])', value: '31.02.2026', expected: 'a date such as 2026-11-21', column: 'Start date',
    message: 'start: expected a date such as 2026-11-21, found "31.02.2026" in column "Start date".',
  })
  assert.deepEqual(failures.slice(1).map(({ attribute, column }) => [attribute, column]), [['end', undefined], ['map', 'x']])
})

test('an invalid expression names its attribute', () => {
  assert.throws(() => compileMapping({ mail: 'lower(' }, 'row'), (error: unknown) =>
    error instanceof UsherError && error.code === 'EXPRESSION_INVALID' && error.details['attribute'] === 'mail' && error.message.startsWith('mail: '))
})

test('candidates with a counter come after the others', () => {
  assert.deepEqual([...candidatesInOrder(['a{n}', 'ab', 'b{n}', 'abc'], 3)], ['ab', 'abc', 'a2', 'b2', 'a3', 'b3'])
  assert.deepEqual([...candidatesInOrder(['a'])], ['a'])
})
