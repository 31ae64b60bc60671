import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { readSheet } from 'read-excel-file/node'
import writeExcelFile from 'write-excel-file/node'
import type { Attributes } from '../../domain/value.ts'
import { fileConnector } from './file-connector.ts'
import { type BookParts, bookOf, codeOf, fileWith, noSecrets, readFile, sheetOf, temporaryFolder } from './fixture.ts'
import { dateFormatOf, isoOfSerial } from './xlsx-date.ts'

const book = (xml: string, more: Partial<BookParts> = {}): Buffer => bookOf({ sheets: { Staff: { xml } }, ...more })

test('a workbook as people have it: title, blank rows, typed cells, real dates', async (t) => {
  const file = path.join(await temporaryFolder(t), 'staff.xlsx')
  const day = (hours = 0, minutes = 0): Date => new Date(Date.UTC(2026, 10, 21, hours, minutes))
  await writeExcelFile([
    [{ value: 'Northwind Trading, staff', columnSpan: 3 }, null, null],
    [],
    ['ID', 'Name', 'Start', 'Seen', 'Pay', 'Active'].map((value) => ({ value })),
    [
      { value: 7 }, { value: '  Łukasz Żółć\n' }, { value: day(), format: 'dd.mm.yyyy' },
      { value: day(8, 30), format: 'yyyy-mm-dd hh:mm' }, { value: 12.5 }, { value: true },
    ],
    [],
    [{ value: '0008' }, { value: 'Zoë' }, null, null, null, { value: false }],
    [],
  ], { sheet: 'Staff' }).toFile(file)
  const { records, rejected, end } = await readFile({ path: file })
  assert.deepEqual(records.map((r) => [r.name, r.id, r.attributes]), [
    ['Staff!A4', '4', {
      ID: 7, Name: 'Łukasz Żółć', Start: '2026-11-21', Seen: '2026-11-21T08:30:00', Pay: 12.5, Active: true,
    }],
    ['Staff!A6', '6', { ID: '0008', Name: 'Zoë', Active: false }],
  ])
  assert.deepEqual(rejected, [])
  assert.ok(end.complete && end.count === 2 && end.digest?.length === 64)

  const { modifiedAt, ...shape } = (await fileConnector.openReader({ path: file }, noSecrets).inspect?.(new AbortController().signal))!
  assert.ok(Math.abs(Date.parse(modifiedAt!) - Date.now()) < 600_000)
  assert.deepEqual(shape, {
    file: 'staff.xlsx', sheet: 'Staff', sheets: ['Staff'], encoding: undefined, delimiter: undefined, headerRow: 3,
    columns: ['ID', 'Name', 'Start', 'Seen', 'Pay', 'Active']
      .map((name, index) => ({ name, letter: 'ABCDEF'[index], index })),
    sample: records.map((r) => r.attributes),
  })
})

test('what only Excel writes: rich text, formulas, escapes, booleans, prefixes, cells without address', async (t) => {
  const rich = '<r><t>Rich </t></r><r><t xml:space="preserve">text </t></r><rPh sb="0" eb="1"><t>no</t></rPh>'
  const texts = `<si>${rich}</si><si><t>a_x000D_b_x0041_</t></si><si><t/></si>`
  const xml = `<sheetData>${row('A', 'B', 'C', 'D', 'E', 'F')}
    <row r="3"><c r="B3" t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c>
      <c t="str"><f>A1&amp;"x"</f><v>done &amp; </v></c><c t="b"><v>1</v></c></row>
    <row><c r="A4"><f>1+1</f><v>2</v></c><c r="C4" t="d"><v>2026-11-21T00:00:00</v></c>
      <c r="D4" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c r="H4"><v>9</v></c></row>
    </sheetData>`
  const expected = [
    ['Staff!A3', { B: 'Rich text', C: 'a\rbA', E: 'done &', F: true }],
    ['Staff!A4', { A: 2, C: '2026-11-21', D: 'inline', H: 9 }],
  ]
  for (const content of [book(xml, { texts }), book(xml.replace(/<(\/?)(?=\w)/g, '<$1x:'), { texts })]) {
    const { records, end } = await readFile({ path: await fileWith(t, 'a.xlsx', content) })
    assert.deepEqual(records.map((r) => [r.name, r.attributes]), expected)
    assert.ok(end.complete)
  }
})

test('an error of Excel, a date that is none and a huge cell set their row aside with the cell', async (t) => {
  const styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
  const xml = `<sheetData>${row('ID', 'Start')}
    <row><c><v>1</v></c><c s="1"><v>46347</v></c></row><row><c><v>2</v></c><c t="e"><v>#N/A</v></c></row>
    <row><c><v>3</v></c><c s="1"><v>60</v></c></row><row><c><v>4</v></c><c s="1"><v>-1</v></c></row>
    <row><c t="inlineStr"><is><t>${'x'.repeat(1_000_001)}</t></is></c></row>
    <row><c><v>6</v></c><c s="1"><v>1</v></c></row></sheetData>`
  const { records, rejected, end } = await readFile({ path: await fileWith(t, 'a.xlsx', book(xml, { styles })) })
  assert.deepEqual(records.map((r) => r.attributes), [{ ID: 1, Start: '2026-11-21' }, { ID: 6, Start: '1900-01-01' }])
  assert.ok(rejected.every((r) => r.code === 'ROW_VALUE_INVALID'))
  assert.deepEqual(rejected.map((r) => [r.row, r.address, r.column, r.value?.slice(0, 4), r.expected]), [
    [3, 'Staff!B3', 'Start', '#N/A', 'a value rather than the error #N/A of Excel'],
    [4, 'Staff!B4', 'Start', '60', 'a date such as 2026-11-21'],
    [5, 'Staff!B5', 'Start', '-1', 'a date such as 2026-11-21'],
    [6, 'Staff!A6', 'ID', 'xxxx', 'at most 1,000,000 characters in a cell'],
  ])
  assert.ok(end.complete && end.count === 6)
})

test('a formula that nobody computed is not an empty cell; one whose result is empty is', async (t) => {
  const formula = (attributes: string, value: string): string => `<row><c><v>7</v></c><c${attributes}><f>A1</f>${value}</c></row>`
  const xml = `<sheetData>${row('ID', 'End')}${formula('', '')}${formula('', '<v></v>')}${formula(' t="str"', '<v></v>')}${formula('', '<v>0</v>')}</sheetData>`
  const { records, rejected } = await readFile({ path: await fileWith(t, 'a.xlsx', book(xml)) })
  assert.deepEqual(records.map((r) => r.attributes), [{ ID: 7 }, { ID: 7, End: 0 }])
  assert.deepEqual(rejected.map((r) => [r.address, r.column, r.code]), [['Staff!B2', 'End', 'ROW_VALUE_INVALID'], ['Staff!B3', 'End', 'ROW_VALUE_INVALID']])
})

test('what is wrong in a column that is not asked for keeps no row back, and hides nothing that is wrong in one that is', async (t) => {
  const error = '<c t="e"><v>#N/A</v></c>'
  const xml = `<sheetData>${row('ID', 'Lookup', 'Name')}<row><c><v>1</v></c>${error}<c t="str"><v>Ada</v></c></row><row><c><v>2</v></c>${error}${error}</row></sheetData>`
  const path = await fileWith(t, 'a.xlsx', book(xml))
  const { records, rejected } = await readFile({ path }, { objectTypes: [], attributes: { row: ['ID', 'Name'] } })
  assert.deepEqual([records.map((r) => r.attributes), rejected.map((r) => r.address)], [[{ ID: 1, Name: 'Ada' }], ['Staff!C3']])
  assert.deepEqual((await readFile({ path })).rejected.map((r) => r.address), ['Staff!B2', 'Staff!B3'])
})

test('which formats are dates', () => {
  const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const builtin = (format: string): number[] => from(0, 60).filter((id) => dateFormatOf(id, undefined) === format)
  assert.deepEqual(builtin('date'), [...from(14, 17), ...from(27, 36), ...from(50, 58)])
  assert.deepEqual(builtin('time'), [18, 19, 20, 21, 45, 46, 47])
  assert.deepEqual(builtin('date-time'), [22])
  const formats: Record<string, string | undefined> = {
    'dd.mm.yyyy': 'date', '[$-407]D. MMMM YYYY;@': 'date', 'mmm-yy': 'date', 'm/d/yy h:mm AM/PM': 'date-time',
    'hh:mm': 'time', '[h]:mm:ss': 'time',
    'yyyy\\-mm\\-dd"T"hh:mm:ss': 'date-time', 'yyyy"年"m"月"d"日"': 'date', 'yyyy/mm/dd\\ \\a\\t\\ hh': 'date-time',
    General: undefined, '0.00': undefined, '#,##0 "days"': undefined, '0.00E+00': undefined,
    '[Red]0;[Blue]-0': undefined, '0\\d': undefined, '@': undefined,
    '_-* #,##0.00\\ "€"_-': undefined, '"Q"0': undefined, '[$EUR] 0': undefined, '#" Stück"': undefined,
  }
  for (const [code, format] of Object.entries(formats)) assert.equal(dateFormatOf(164, code), format, code)
})

test('serial numbers are dates in both systems', () => {
  const dates: [number, boolean, string | undefined][] = [
    [1, false, '1900-01-01'], [59, false, '1900-02-28'], [60, false, undefined], [61, false, '1900-03-01'],
    [46347, false, '2026-11-21'], [2_958_465, false, '9999-12-31'], [2_958_466, false, undefined],
    [0, true, '1904-01-01'], [44885, true, '2026-11-21'], [-1, false, undefined],
    [46347.354166666664, false, '2026-11-21T08:30:00'], [46346.999999999, false, '2026-11-21'],
  ]
  for (const [serial, from1904, iso] of dates) {
    assert.equal(isoOfSerial(serial, 'date-time', from1904), iso, String(serial))
  }
  assert.equal(isoOfSerial(46347.9, 'date', false), '2026-11-21')
  assert.equal(isoOfSerial(0.5, 'time', false), '12:00:00')
})

test('a workbook of an old Mac counts from 1904', async (t) => {
  const xml = `<sheetData>${row('ID', 'Start')}<row><c><v>1</v></c><c s="0"><v>44885</v></c></row></sheetData>`
  const content = book(xml, { date1904: true, styles: '<cellXfs><xf numFmtId="14"/></cellXfs>' })
  const { records } = await readFile({ path: await fileWith(t, 'a.xlsx', content) })
  assert.equal(records[0]?.attributes['Start'], '2026-11-21')
})

test('the sheet that looks most like a table is read; hidden ones and notes are not', async (t) => {
  const many = Array.from({ length: 30 }, (_, i) => [i, 'x', 'y'])
  const sheets = {
    Notes: { xml: sheetOf([['Please read'], ['Only HR may edit this.']]) },
    Old: { xml: sheetOf([['ID', 'Name', 'Start'], ...many]), state: 'hidden' },
    Staff: { xml: sheetOf([['Staff list'], ['ID', 'Name'], [1, 'a'], [2, 'b']]) },
    Places: { xml: sheetOf([['Place'], ['Berlin']]) },
  }
  const file = await fileWith(t, 'a.xlsx', bookOf({ sheets }))
  assert.deepEqual((await readFile({ path: file })).records.map((r) => r.name), ['Staff!A3', 'Staff!A4'])
  assert.equal((await readFile({ path: file, sheet: 'Old' })).records.length, 30)
  const { end } = await readFile({ path: file, sheet: 'Stuff' })
  assert.ok(!end.complete && end.code === 'SOURCE_SHEET_MISSING')
  assert.match(end.because, /"Notes", "Old", "Staff", "Places"/)
  const shape = await fileConnector.openReader({ path: file }, noSecrets).inspect?.(new AbortController().signal)
  assert.deepEqual([shape?.sheet, shape?.sheets], ['Staff', ['Notes', 'Staff', 'Places']])
})

test('files made to exhaust the reader are refused', async (t) => {
  const bomb = book(`${sheetOf([['ID'], [1]])}${' '.repeat(70 * 2 ** 20)}`)
  assert.ok(bomb.length < 2 ** 20)
  const refused = async (content: Buffer, words: RegExp): Promise<void> => {
    const { end } = await readFile({ path: await fileWith(t, 'a.xlsx', content) })
    assert.ok(!end.complete && end.code === 'SOURCE_UNREADABLE')
    assert.match(end.because, words)
  }
  await refused(bomb, /unpacks to \d+ bytes/)
  const entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
  const sheet = `<worksheet><sheetData><row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>`
  await refused(book('', { others: { 'xl/worksheets/sheet0.xml': entities + sheet } }), /not the XML/)
  await refused(book('', { others: { 'xl/worksheets/sheet0.xml': sheet } }), /not the XML/)
  await refused(book(`<sheetData><row r="1"><c r="ZZZ1"><v>1</v></c></row></sheetData>`), /not the XML/)
  await refused(book(`<sheetData><row r="99999999"><c><v>1</v></c></row></sheetData>`), /not the XML/)
  const long = randomBytes(4_500_000).toString('hex')
  await refused(book(`<sheetData><row><c t="str"><v>${long}</v></c></row></sheetData>`), /not the XML/)
})

test('any table survives a workbook, and read-excel-file sees the same', async (t) => {
  const folder = await temporaryFolder(t)
  let n = 0
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', ' ', 'ż', '<', '&', '"', '\n', '_x', '😀', '1'), maxLength: 6 }),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((n) => (n === 0 ? 0 : n)),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    // Whole seconds of 1901 to 2099.
    fc.integer({ min: -2_177_452_800, max: 4_102_444_799 }).map((seconds) => new Date(seconds * 1000)),
  )
  const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 10 })
  await fc.assert(fc.asyncProperty(table, async (rows) => {
    const file = path.join(folder, `${n++}.xlsx`)
    await writeExcelFile([['A', 'B', 'C'], ...rows], { dateFormat: 'yyyy-mm-dd hh:mm:ss' }).toFile(file)
    const oracle = (await readSheet(file)).slice(1)
    const { records, rejected } = await readFile({ path: file, headerRow: 1 })
    const expected = rows.map(attributesOf).filter((a) => Object.keys(a).length > 0)
    assert.deepEqual(rejected, [])
    assert.deepEqual(records.map((r) => r.attributes), expected)
    assert.deepEqual(oracle.map(attributesOf).filter((a) => Object.keys(a).length > 0), expected)
  }), { numRuns: 100 })
})

test('a zip file cannot name parts outside itself', async (t) => {
  const content = book(sheetOf([['ID', 'Name'], [1, 'a']]), { others: { '../../evil.xml': '<x/>' } })
  assert.equal(codeOf((await readFile({ path: await fileWith(t, 'a.xlsx', content) })).end), 'SOURCE_UNREADABLE')
})

function row(...names: string[]): string {
  return `<row r="1">${names.map((name) => `<c t="inlineStr"><is><t>${name}</t></is></c>`).join('')}</row>`
}

function attributesOf(cells: readonly unknown[]): Attributes {
  const values = cells.map((cell) => cell instanceof Date ? isoOf(cell) : typeof cell === 'string' ? cell.trim() : cell)
  return Object.fromEntries(values.map((value, i): [string, unknown] => ['ABC'[i] ?? '', value]).filter(hasValue))
}

function hasValue(entry: [string, unknown]): entry is [string, string | number | boolean] {
  return entry[1] !== null && entry[1] !== undefined && entry[1] !== ''
}

function isoOf(date: Date): string {
  // read-excel-file leaves the milliseconds in that come from days being counted in fractions.
  return new Date(Math.round(+date / 1000) * 1000).toISOString().slice(0, 19).replace('T00:00:00', '')
}
