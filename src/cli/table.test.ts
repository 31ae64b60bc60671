import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberingTerminal } from './fixture.ts'
import { properties, shorten, table } from './table.ts'

const terminal = (width?: number) => rememberingTerminal([], width)
const columns = [
  { title: 'name', value: (row: { name: string; count: number }) => row.name },
  { title: 'accounts', value: (row: { name: string; count: number }) => row.count, align: 'right' as const },
]

test('columns are aligned and nothing is cut where nobody looks', () => {
  const rows = [{ name: 'Zoë', count: 5 }, { name: 'A very long name of a system that goes on', count: 1200 }]
  assert.equal(table(terminal(), columns, rows), [
    'name                                       accounts',
    'Zoë                                               5',
    'A very long name of a system that goes on      1200',
  ].join('\n'))
})

test('the widest column is shortened to what fits', () => {
  const text = table(terminal(40), columns, [{ name: 'A very long name of a system that goes on', count: 1 }])
  assert.ok(text.split('\n').every((line) => [...line].length <= 40), text)
  assert.match(text, /A very long name of a system …/)
})

test('a value cannot steer the terminal', () => {
  const text = table(terminal(), columns, [{ name: 'a\u001b[31mred\u001b[0m\nb\u202e', count: 1 }])
  assert.equal(text.split('\n').length, 2)
  assert.ok(!/[\u001b\u202e]/.test(text), JSON.stringify(text))
})

test('what has no value is not shown', () => {
  assert.equal(properties(terminal(), [['id', 'hr'], ['last read', null], ['method', 'observe']]), 'id      hr\nmethod  observe')
})

test('shortening counts characters, not bytes', () => {
  assert.equal(shorten('äöü', 3), 'äöü')
  assert.equal(shorten('äöüß', 3), 'äö…')
})
