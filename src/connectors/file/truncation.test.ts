import assert from 'node:assert/strict'
import { chmod, mkdir, readFile as readBytes, rename, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import iconv from 'iconv-lite'
import writeExcelFile from 'write-excel-file/node'
import { fileConnector } from './file-connector.ts'
import {
  bookOf, codeOf, everything, fileWith, noSecrets, readFile, sheetOf, temporaryFolder, type WholeRead,
} from './fixture.ts'

const quoted = ['2,Żółć,"a ""quoted"" word"', '3,Zoë,"first line\nsecond, line\n"']
const rows = ['ID,Name,Note', '1,"Smith, John",x', ...quoted, '4,"",tail']

/** What each beginning of the file is taken for. Whatever is called complete must have all rows, or end with a line. */
async function cutEverywhere(
  file: string, content: Buffer, lineEnd: Buffer, read: () => Promise<WholeRead>,
): Promise<number> {
  const atLineEnds = new Set<number>()
  for (let i = content.indexOf(lineEnd); i >= 0; i = content.indexOf(lineEnd, i + 1)) atLineEnds.add(i + lineEnd.length)
  let whole = 0
  for (let length = 0; length <= content.length; length++) {
    await writeFile(file, content.subarray(0, length))
    const { end, records, rejected } = await read()
    assert.equal(end.count, records.length + rejected.length, `cut at ${length}`)
    if (!end.complete) continue
    whole++
    assert.ok(atLineEnds.has(length), `cut at ${length}, and called complete with ${end.count} rows`)
    assert.deepEqual(rejected, [])
  }
  return whole
}

test('a CSV file cut at any byte is never complete, but at the end of a line', async (t) => {
  const file = path.join(await temporaryFolder(t), 'cut.csv')
  const text = `${rows.join('\n')}\n`
  for (const encoding of ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']) {
    const of = (s: string): Buffer => iconv.encode(s, encoding)
    const lf = await cutEverywhere(file, of(text), of('\n'), () => readFile({ path: file }))
    assert.equal(lf, 4, `${encoding}: the ends of four rows`)
    const dos = of(text.replaceAll('\n', '\r\n'))
    const crlf = await cutEverywhere(file, dos, of('\r\n'), () => readFile({ path: file }))
    assert.equal(crlf, 4, encoding)
  }
})

test('without a line end after the last row it may be cut: it is not complete, and the row waits', async (t) => {
  const file = path.join(await temporaryFolder(t), 'cut.csv')
  const content = Buffer.from(rows.join('\n'))
  assert.equal(await cutEverywhere(file, content, Buffer.from('\n'), () => readFile({ path: file })), 3)
  const { records, rejected, end } = await readFile({ path: file })
  assert.deepEqual(records.map((r) => r.attributes['ID']), ['1', '2', '3'])
  assert.deepEqual(rejected.map((r) => [r.address, r.value, r.expected]), [
    ['cut.csv!C5', 'tail', 'a line end after the last cell of the file'],
  ])
  assert.ok(!end.complete && end.code === 'SOURCE_TRUNCATED' && /finalLineEnd/.test(end.because))

  const completeness = { finalLineEnd: 'optional' } as const
  const optional = await readFile({ path: file, completeness })
  assert.ok(optional.end.complete && optional.records.length === 4)
  await writeFile(file, content.subarray(0, -5))
  assert.equal(codeOf((await readFile({ path: file, completeness })).end), 'SOURCE_TRUNCATED')
})

test('with a last row that tells the number of rows, only the whole file is complete', async (t) => {
  const file = path.join(await temporaryFolder(t), 'cut.csv')
  const content = Buffer.from(`${rows.join('\n')}\nEND 4,,\n`)
  const completeness = { trailer: { pattern: '^END (\\d+)$' } }
  let whole = 0
  for (let length = 0; length <= content.length; length++) {
    await writeFile(file, content.subarray(0, length))
    const { end, records } = await readFile({ path: file, completeness })
    if (!end.complete) continue
    whole++
    assert.deepEqual([end.count, records.length], [4, 4], `cut at ${length}`)
  }
  assert.ok(whole >= 1)
  await writeFile(file, content.toString().replace('END 4', 'END 40'))
  const { end } = await readFile({ path: file, completeness })
  assert.ok(!end.complete && /says that it has 40 rows; there are 4/.test(end.because))
})

test('a workbook cut at any byte is never complete', async (t) => {
  const file = path.join(await temporaryFolder(t), 'cut.xlsx')
  await writeExcelFile([['ID', 'Name'], [1, 'Łukasz'], [2, 'Zoë']]).toFile(file)
  const content = await readBytes(file)
  assert.equal((await readFile({ path: file })).end.count, 2)
  const codes = new Set<string>()
  for (let length = 0; length < content.length; length++) {
    await writeFile(file, content.subarray(0, length))
    codes.add(codeOf((await readFile({ path: file })).end))
  }
  assert.deepEqual([...codes].sort(), ['SOURCE_EMPTY', 'SOURCE_TRUNCATED', 'SOURCE_UNREADABLE'])
})

test('a workbook with one byte changed never loses a row and calls itself complete', async (t) => {
  const file = path.join(await temporaryFolder(t), 'damaged.xlsx')
  const content = bookOf({ sheets: { A: { xml: sheetOf([['ID', 'Name'], [1, 'a'], [2, 'b']]) } } })
  await writeFile(file, content)
  const good = await readFile({ path: file })
  assert.ok(good.end.complete)
  let refused = 0
  for (let at = 0; at < content.length; at += 3) {
    const damaged = Buffer.from(content)
    damaged[at] = (damaged[at] ?? 0) ^ 0x55
    await writeFile(file, damaged)
    const { records, end } = await readFile({ path: file })
    if (!end.complete) refused++
    else assert.deepEqual(records.map((r) => r.attributes), good.records.map((r) => r.attributes), `byte ${at}`)
  }
  assert.ok(refused > content.length / 9)
})

test('a workbook that ends before the row it declares, or inside its XML, is cut off', async (t) => {
  const declared = bookOf({ sheets: { A: { xml: `<dimension ref="A1:B9"/>${sheetOf([['ID', 'Name'], [1, 'a']])}` } } })
  const short = await readFile({ path: await fileWith(t, 'a.xlsx', declared) })
  assert.ok(!short.end.complete && short.end.code === 'SOURCE_TRUNCATED')
  assert.match(short.end.because, /up to 9 and ends at row 2/)
  const half = { 'xl/worksheets/sheet0.xml': '<worksheet><sheetData><row><c><v>1</v></c></row>' }
  const open = bookOf({ sheets: { A: { xml: '' } }, others: half })
  assert.equal(codeOf((await readFile({ path: await fileWith(t, 'a.xlsx', open) })).end), 'SOURCE_TRUNCATED')
})

test('missing, unreadable and empty are three different things, also for check and inspect', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(path.join(folder, 'folder.csv'))
  const noBook = { '_rels/.rels': '<Relationships/>', 'xl/workbook.xml': '<x/>' }
  const cases: [string, string | Buffer | undefined, string][] = [
    ['none.csv', undefined, 'SOURCE_MISSING'],
    ['empty.csv', '', 'SOURCE_EMPTY'],
    ['blank.csv', '\n\n , \n', 'SOURCE_EMPTY'],
    ['header.csv', 'ID,Name\n', 'SOURCE_EMPTY'],
    ['empty.xlsx', bookOf({ sheets: { A: { xml: '<sheetData/>' } } }), 'SOURCE_EMPTY'],
    ['header.xlsx', bookOf({ sheets: { A: { xml: sheetOf([['ID', 'Name']]) } } }), 'SOURCE_EMPTY'],
    ['text.xlsx', 'ID,Name\n1,a\n', 'SOURCE_UNREADABLE'],
    ['old.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'SOURCE_UNREADABLE'],
    ['login.csv', '<!DOCTYPE html><html>', 'SOURCE_UNREADABLE'],
    ['binary.csv', Buffer.from([1, 0, 0, 2, 0, 0, 0, 3]), 'SOURCE_UNREADABLE'],
    ['other.xlsx', bookOf({ sheets: { A: { xml: '' } }, others: noBook }), 'SOURCE_UNREADABLE'],
    ['folder.csv', undefined, 'SOURCE_UNREADABLE'],
  ]
  for (const [name, content, code] of cases) {
    const file = path.join(folder, name)
    if (content !== undefined) await writeFile(file, content)
    const { end } = await readFile({ path: file })
    assert.equal(codeOf(end), code, name)
    const reader = fileConnector.openReader({ path: file }, noSecrets)
    const signal = new AbortController().signal
    await assert.rejects(async () => reader.inspect?.(signal), { code, name: 'UsherError' }, name)
    const check = await reader.check(signal)
    const steps = check.steps.map((s) => [s.name, s.ok, s.code])
    if (name.startsWith('header')) assert.deepEqual(check.ok, true, name)
    else assert.deepEqual([check.ok, steps.at(-1)?.[1], steps.at(-1)?.[2]], [false, false, code], name)
  }
})

test('a file without permission is unreadable', async (t) => {
  const file = await fileWith(t, 'a.csv', 'ID,Name\n1,a\n')
  await chmod(file, 0)
  // Root may read everything, so it becomes nobody for a moment.
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65_534)
  try {
    assert.equal(codeOf((await readFile({ path: file })).end), 'SOURCE_UNREADABLE')
  } finally {
    if (root) process.seteuid?.(0)
  }
})

test('fewer rows than expected are a short file', async (t) => {
  const file = await fileWith(t, 'a.csv', 'ID,Name\n1,a\n')
  assert.equal(codeOf((await readFile({ path: file, completeness: { minRows: 1 } })).end), 'complete')
  const { end } = await readFile({ path: file, completeness: { minRows: 2 } })
  assert.ok(!end.complete && end.code === 'SOURCE_SHORT' && end.count === 1)
})

test('a file that is changed, touched or replaced while it is read is not complete', async (t) => {
  const changes: Record<string, (file: string) => Promise<void>> = {
    touched: (file) => utimes(file, 1, 1),
    replaced: async (file) => {
      await writeFile(`${file}.new`, 'a,b\n1,2\n')
      await rename(`${file}.new`, file)
    },
  }
  for (const [how, change] of Object.entries(changes)) {
    const file = await fileWith(t, 'a.csv', `a,b\n${'1,2\n'.repeat(10_000)}`)
    const pages = fileConnector.openReader({ path: file }, noSecrets).read(everything, new AbortController().signal)
    assert.ok(!(await pages.next()).done)
    await change(file)
    let next = await pages.next()
    while (!next.done) next = await pages.next()
    assert.ok(!next.value.complete && next.value.code === 'SOURCE_TRUNCATED', how)
    assert.match(next.value.because, /changed while/)
  }
})

test('a read that is stopped is not complete', async (t) => {
  const file = await fileWith(t, 'a.csv', `a,b\n${'1,2\n'.repeat(10_000)}`)
  const stop = new AbortController()
  const pages = fileConnector.openReader({ path: file }, noSecrets).read(everything, stop.signal)
  const first = await pages.next()
  assert.ok(!first.done)
  stop.abort()
  const { value } = await pages.next()
  const because = 'The read was stopped.'
  assert.deepEqual(value, { complete: false, count: first.value.records.length, code: 'SYSTEM_READ_INCOMPLETE', because })
})
