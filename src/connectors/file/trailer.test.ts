import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf, fileWith, readFile } from './fixture.ts'

const csv = (last: string): string => `ID,Name,Until\n1,a,x\n2,b,y\n${last}\n`
const payroll = { pattern: '^TOTAL (\\d+) (?<date>\\S+)$' }

test('a last row over several cells, with a number of rows and a date', async (t) => {
  const cases: [string, object, string][] = [
    ['TOTAL,2,2026-11-21', payroll, '2026-11-21T00:00:00Z'],
    ['TOTAL 2 2026-11-21T04:30,,', payroll, '2026-11-21T04:30:00Z'],
    ['TOTAL 2 2026-11-21T04:30+01:00,,', payroll, '2026-11-21T03:30:00Z'],
    ['TOTAL,2,21.11.2026', { ...payroll, dateFormat: 'dd.MM.yyyy' }, '2026-11-21T00:00:00Z'],
    ['20261121;2,,', { pattern: '^(?<date>\\d{8});(\\d+)$', dateFormat: 'yyyyMMdd' }, '2026-11-21T00:00:00Z'],
    ['x,20261121-2,', { column: 'Name', pattern: '^(?<date>\\d{8})-(?<rows>\\d+)$', dateFormat: 'yyyyMMdd' }, '2026-11-21T00:00:00Z'],
  ]
  for (const [last, trailer, statedAt] of cases) {
    const { end, records } = await readFile({ path: await fileWith(t, 'a.csv', csv(last)), completeness: { trailer: trailer as typeof payroll } })
    assert.deepEqual([end.complete && end.statedAt, end.complete && end.proven, records.length], [statedAt, true, 2], last)
  }
})

test('a last row that says something else is a finding', async (t) => {
  const cases: [string, object, string, RegExp][] = [
    ['TOTAL,3,2026-11-21', payroll, 'SOURCE_TRUNCATED', /says that it has 3 rows; there are 2/],
    ['TOTAL,2,', payroll, 'SOURCE_TRUNCATED', /not the one that marks its end/],
    ['TOTAL,2,2026-13-21', payroll, 'SOURCE_OUT_OF_CONTRACT', /made on "2026-13-21", which is no date such as 2026-11-21/],
    ['TOTAL,2,31.02.2026', { ...payroll, dateFormat: 'dd.MM.yyyy' }, 'SOURCE_OUT_OF_CONTRACT', /no date in the form dd\.MM\.yyyy.*dateFormat/],
    ['TOTAL 2 2026-11-21,,', { ...payroll, column: 'Until' }, 'SOURCE_TRUNCATED', /not the one that marks its end/],
  ]
  for (const [last, trailer, code, says] of cases) {
    const { end, records } = await readFile({ path: await fileWith(t, 'a.csv', csv(last)), completeness: { trailer: trailer as typeof payroll } })
    assert.equal(codeOf(end), code, last)
    assert.match(end.complete ? '' : end.because, says)
    assert.equal(records.length, /marks its end/.test(says.source) ? 3 : 2, 'a mark is no row')
  }
})

test('the last row is found behind parts, and in front of any number of blank lines', async (t) => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},name ${i},x\n`).join('')
  for (const [last, blank] of [['TOTAL 20000 2026-11-21,,', 0], ['TOTAL,20000,2026-11-21', 30_000], ['TOTAL "20000" 2026-11-21,,', 2]] as const) {
    const file = await fileWith(t, 'a.csv', `ID,Name,Until\n${rows}${last}\n${',,\n'.repeat(blank)}`)
    const { end, records } = await readFile({ path: file, completeness: { trailer: payroll } })
    const isMark = !last.includes('"')
    assert.deepEqual([codeOf(end), end.complete && end.proven, records.length], isMark ? ['complete', true, 20_000] : ['SOURCE_TRUNCATED', false, 20_000], last)
  }
})
