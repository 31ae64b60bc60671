import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { pageOf, partOf, rowsOf } from '../../src/connectors/file/csv-part.ts'
import { plainRows } from '../../src/connectors/file/csv-lines.ts'
import { columnsOf } from '../../src/connectors/file/header.ts'
import { isPeopleJob, policy as policySchema } from '../../src/domain/policy.ts'
import { rowTaker, type RowTaker } from '../../src/engine/row-taker.ts'
import { watched } from '../../src/engine/row-values.ts'

const names = ['ID', 'First', 'Last', 'Mail', 'Boss', 'Start', 'End', 'Unit', 'Pay']
const columns = columnsOf(names)

/** Jobs that make values in all the ways there are: as they stand, put together, computed, typed, kept, by scope and position. */
const jobs = [
  { mapping: { employeeId: 'row["ID"]', givenName: 'row["First"]', displayName: 'row["First"] + " \\"" + row["Last"]', email: 'row["Mail"]', manager: 'row["Boss"]' }, position: { unit: 'row["Unit"]', start: 'row["Start"]' } },
  { mapping: { employeeId: 'row["ID"]', email: 'row["First"] + "@" + row["Last"]', surname: 'row["Last"] == "b" ? keep() : row["Last"]' }, position: { start: 'row["Start"]', end: 'row["End"]', title: 'lower(row["Unit"])' } },
  { mapping: { employeeId: 'row["ID"]', displayName: 'row["First"]', pay: 'row["Pay"]' }, position: { start: 'row["Start"] == null ? row["End"] : row["Start"]', timeZone: 'row["Unit"]' } },
  { mapping: { displayName: 'row["First"]', pay: 'row["Pay"]' }, position: {}, scope: 'row["Unit"] != "a"', positionKey: 'row["Unit"]' },
].map((more) => {
  const policy = policySchema.parse({
    settings: { timeZone: 'Europe/Berlin', attributes: [{ name: 'pay', type: 'number' }, { name: 'displayName', type: 'text', required: true }, { name: 'employeeId', type: 'text', unique: true }, { name: 'email', type: 'text', unique: true }, { name: 'manager', type: 'reference' }] },
    systems: [{ id: 'hr', name: 'HR', connector: 'file', config: { path: 'people.csv' } }],
    jobs: [{ id: 'hr', name: 'People', source: 'hr', destination: 'people', method: 'automatic', key: 'row["ID"]', ...more }],
  })
  return { job: policy.jobs.find(isPeopleJob)!, policy }
})

function takers(kind: number): [RowTaker, RowTaker] {
  const { job, policy } = jobs[kind]!
  const shape = { file: '/in/people.csv', headerRow: 1, columns, sample: [] }
  const taker = (): RowTaker => rowTaker({ job, settings: policy.settings, watched: watched(job, policy), shape, now: '2026-06-15T08:00:00Z', idEnd: '0123456789abcdef01234567' })
  return [taker(), taker()]
}

const cell = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'B', '7', '12.5', '', 'Żółć', '2026-02-28', '2026-02-30', '2025-01-01', 'x@example.org') },
  { weight: 1, arbitrary: fc.constantFrom(' a ', '\u00a0a', 'a\u3000', 'Ba', '"a"', '"a,b"', '" a"', '"a""b"', 'a"b"', 'a\\b', '\u0130', 'a\tb', '\ta', 'a\u0001', '\uFFFD', '😀', '"a\\"', "o'a", 'É') })
const line = fc.tuple(fc.constantFrom('1', '2', '3', 'E4', 'É5', '6 '), ...names.slice(1).map(() => cell), fc.constantFrom('', '', '', '', ',x', '\r')).map((cells) => cells.slice(0, -1).join(',') + cells.at(-1))

test('what is copied from bytes is what the mapping makes, whatever stands in the cells', () => {
  let plain = 0
  fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.nat(jobs.length - 1), fc.constantFrom('"', "'", ''), fc.constantFrom('utf-8', 'windows-1252'), fc.constantFrom(2, 200), (lines, kind, quote, encoding, row) => {
    const dialect = { delimiter: ',', quote, lineEnd: '\n' } as const
    const text = Buffer.from(lines.map((one) => `${one}\n`).join(''))
    const bytes = new Uint8Array(text)
    const rows = plainRows(bytes, dialect)
    fc.pre(rows !== undefined)
    const table = { label: 'people.csv', fixedWidth: true, columns }
    const part = (): ReturnType<typeof partOf> => partOf({ bytes: bytes.slice(), encoding: encoding as 'utf-8', dialect, row, rows: rows! }, { encoding: encoding as 'utf-8', dialect, table, wanted: columns.filter((c) => c.name !== 'Last' || kind !== 2) })
    const [one, other] = takers(kind)
    const cells = rowsOf(part())
    plain += cells.plain.length
    const [copied, mapped] = [one.takePart(cells), other.takePage(pageOf(part()))]
    const sorted = (chunk: typeof copied): unknown => ({ ...chunk, bytes: Buffer.from(chunk.bytes).toString('latin1'), aside: chunk.aside.toSorted((a, b) => a.row - b.row) })
    assert.deepEqual(sorted(copied), sorted(mapped))
  }), { numRuns: 3_000 })
  assert.ok(plain > 1_000)
})
