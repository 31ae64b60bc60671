/** Of any table: what is written is read, and whatever is cut off is noticed. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import writeExcelFile from 'write-excel-file/node'
import { readFile } from '../../src/connectors/file/fixture.ts'

let folder = ''
before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'usher-files-')) })
after(() => rm(folder, { recursive: true, force: true }))

const columns = ['ID', 'Name', 'Note']
/** Something that no reader trims or takes for something else. */
const cell = fc.string({ unit: fc.constantFrom('a', 'Z', 'ż', '"', ',', ';', '\n', ' ', '漢', '-', "'"), minLength: 1, maxLength: 8 })
  .map((text) => `x${text}x`)
const table = fc.array(fc.tuple(fc.uuid(), cell, cell), { minLength: 1, maxLength: 6 })
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
const csvOf = (rows: string[][]): string => `${[columns, ...rows].map((row) => row.map(quoted).join(',')).join('\n')}\n`
const expected = (rows: string[][]): object[] => rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])))

test('any table that was written as CSV is read back', async () => {
  const file = path.join(folder, 'table.csv')
  await fc.assert(fc.asyncProperty(table, async (rows) => {
    await writeFile(file, csvOf(rows))
    const { records, end } = await readFile({ path: file, delimiter: ',', headerRow: 1 })
    assert.deepEqual([records.map((r) => r.attributes), end.complete], [expected(rows), true])
  }), { numRuns: 60 })
})

test('any table that was cut anywhere is not complete, but at the end of a row', async () => {
  const file = path.join(folder, 'cut.csv')
  await fc.assert(fc.asyncProperty(table, fc.nat(), async (rows, at) => {
    const whole = Buffer.from(csvOf(rows))
    const length = at % whole.length
    await writeFile(file, whole.subarray(0, length))
    const { end, records } = await readFile({ path: file, delimiter: ',', headerRow: 1 })
    const ends = rows.map((_, n) => Buffer.byteLength(csvOf(rows.slice(0, n + 1))))
    if (end.complete) assert.ok(ends.includes(length), `cut at ${length} of ${whole.length} with ${records.length} rows`)
  }), { numRuns: 120 })
})

test('with a mark at its end, a table is complete only if all of its rows are there', async () => {
  const file = path.join(folder, 'marked.csv')
  await fc.assert(fc.asyncProperty(table, fc.nat(), async (rows, at) => {
    const whole = Buffer.from(`${csvOf(rows)}${quoted(`TOTAL ${rows.length}`)},"",""\n`)
    const config = { path: file, delimiter: ',', headerRow: 1, completeness: { trailer: { pattern: '^TOTAL (\\d+)$' } } }
    await writeFile(file, whole)
    assert.equal((await readFile(config)).end.complete, true)
    await writeFile(file, whole.subarray(0, at % whole.length))
    const { records, end } = await readFile(config)
    if (end.complete) assert.deepEqual(records.map((r) => r.attributes), expected(rows))
  }), { numRuns: 60 })
})

test('any table that was written as a workbook is read back, and cut anywhere it is never complete', async () => {
  const file = path.join(folder, 'table.xlsx')
  await fc.assert(fc.asyncProperty(table, fc.nat(), async (rows, at) => {
    const sheet = [columns, ...rows].map((row) => row.map((value) => ({ value, type: String })))
    const whole = await (await writeExcelFile(sheet as never)).toBuffer()
    await writeFile(file, whole)
    const { records, end } = await readFile({ path: file, headerRow: 1 })
    assert.deepEqual([records.map((r) => r.attributes), end.complete], [expected(rows), true])
    await writeFile(file, whole.subarray(0, at % whole.length))
    assert.equal((await readFile({ path: file, headerRow: 1 })).end.complete, false)
  }), { numRuns: 25 })
})
