import assert from 'node:assert/strict'
import test from 'node:test'
import { columnsOf, findHeader, moreColumns } from './header.ts'
import { type Cell, columnOf, letterOf } from './rows.ts'

const headerOf = (rows: Cell[][]): number | undefined =>
  findHeader(rows.map((cells, i) => ({ row: i + 1, cells })))?.row

test('the header is found under titles, notes and blank rows', () => {
  const data: Cell[][] = [
    ['ID', 'Name', 'E-mail', 'Start'],
    [1, 'A', 'a@x.example', '2026-01-01'],
    [2, 'B', 'b@x.example', '2026-01-02'],
  ]
  assert.equal(headerOf(data), 1)
  assert.equal(headerOf([['Staff list'], [], ...data]), 3)
  const notes = [['Staff list', undefined, undefined, '2026-11-21'], ['as of', '21.11.2026', '', 'HR']]
  assert.equal(headerOf([...notes, ...data]), 3)
  assert.equal(headerOf([['Person', undefined, undefined, 'Dates'], ...data]), 2)
})

test('narrow tables, odd rows and headers with numbers in them are no obstacle', () => {
  assert.equal(headerOf([['Name'], ['a'], ['b']]), 1)
  assert.equal(headerOf([['a', 'b', 'c'], ['1', '2', '3'], ['1', '2', '3', '4', '5', '6', '7', '8']]), 1)
  assert.equal(headerOf([['Name', '2025', '2026'], ['a', 1, 2], ['b', 3, 4]]), 1)
  assert.equal(headerOf([]), undefined)
  assert.equal(headerOf([[], ['', ' ']]), undefined)
})

test('names are folded, numbered where repeated, and letters where there are none', () => {
  const cells = [' First \n name', 'ID', 'ID', 'ID (2)', '', undefined, 2026, 'Jose\u0301']
  const names = columnsOf(cells).map((c) => c.name)
  assert.deepEqual(names, ['First name', 'ID', 'ID (2)', 'ID (2) (2)', 'E', 'F', '2026', 'Jos\u00e9'])
  assert.deepEqual(moreColumns(columnsOf(['ID', 'D']), 4).map((c) => c.name), ['ID', 'D', 'C', 'D (2)'])
})

test('letters and columns are each other\'s inverse up to the last column of Excel', () => {
  for (let column = 0; column < 16_384; column++) assert.equal(columnOf(letterOf(column)), column)
  assert.deepEqual([0, 25, 26, 701, 702, 16_383].map(letterOf), ['A', 'Z', 'AA', 'ZZ', 'AAA', 'XFD'])
})
