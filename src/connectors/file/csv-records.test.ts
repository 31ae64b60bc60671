import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { recordsOf } from './csv-records.ts'

const piece = fc.constantFrom('a', 'b', ' ', ',', '"', '""', ',"', '",', '\n', '"x"', '\r\n')
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => `${pieces.join('')}\n`)
const dialect = { delimiter: ',', quote: '"', lineEnd: '\n' } as const
const trimmed = (rows: unknown[][]): string[][] => rows.map((row) => row.map((cell) => String(cell).trim()))

test('records are those of csv-parse wherever csv-parse finds no mistake', () => {
  let compared = 0
  fc.assert(fc.property(text, (csv) => {
    let expected: string[][]
    try {
      expected = parse(csv, { delimiter: ',', record_delimiter: ['\r\n', '\n'], relax_column_count: true, trim: true })
    } catch {
      return
    }
    compared++
    const { rows, used } = recordsOf(csv.split('\n').slice(0, -1), 1, dialect, true)
    assert.equal(used, csv.split('\n').length - 1)
    assert.deepEqual(trimmed(rows.map((r) => r.cells)), trimmed(expected))
    assert.ok(rows.every((r) => r.faults === undefined))
  }), { numRuns: 20_000 })
  assert.ok(compared > 1000)
})

test('each line ends up in exactly one row, however wrong the quotes are', () => {
  fc.assert(fc.property(text, (csv) => {
    const lines = csv.split('\n').slice(0, -1)
    const { rows, used } = recordsOf(lines, 1, dialect, true)
    assert.equal(used, lines.length)
    assert.deepEqual(rows.map((r) => r.row), rows.map((_, i) => i + 1))
    const shown = rows.flatMap((r) => r.cells).join('')
    for (const letter of ['a', 'b', 'x']) assert.equal(shown.split(letter).length, csv.split(letter).length)
  }), { numRuns: 5_000 })
})
