import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { pageOf } from './csv-part.ts'
import { recordsOf } from './csv-records.ts'
import { encodings } from './encoding.ts'
import { fileConnector } from './file-connector.ts'
import { codeOf, everything, fileWith, noSecrets, readFile, temporaryFolder } from './fixture.ts'
import { readdir, readlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

const staff = 'ID,Name,Start\n1,Łukasz Żółć,2026-11-21\n2,"Smith, John",2026-11-22\n'

test('a CSV file becomes records with row, address and text', async (t) => {
  const file = await fileWith(t, 'staff.csv', staff)
  const { records, rejected, end } = await readFile({ path: file })
  assert.deepEqual(records, [
    {
      objectType: 'row', id: '2', name: 'staff.csv!A2', row: 2,
      attributes: { ID: '1', Name: 'Łukasz Żółć', Start: '2026-11-21' },
    },
    {
      objectType: 'row', id: '3', name: 'staff.csv!A3', row: 3,
      attributes: { ID: '2', Name: 'Smith, John', Start: '2026-11-22' },
    },
  ])
  assert.deepEqual(rejected, [])
  assert.ok(end.complete && end.count === 2 && /^[0-9a-f]{64}$/.test(end.digest ?? ''))
})

test('blank rows and titles are passed over and still counted', async (t) => {
  const rows = ['\ufeffNorthwind Trading staff', '', 'ID;Name;Name;;', '1; A ;B;x;', ';;;;', '2;C;;;y', '', '']
  const file = await fileWith(t, 'staff.csv', rows.join('\r\n'))
  const { records, end } = await readFile({ path: file })
  assert.deepEqual(records.map((r) => [r.row, r.attributes]), [
    [4, { ID: '1', Name: 'A', 'Name (2)': 'B', D: 'x' }],
    [6, { ID: '2', Name: 'C', E: 'y' }],
  ])
  assert.ok(end.complete && end.count === 2)
})

test('only the columns that are wanted are read, and a missing one is named', async (t) => {
  const file = await fileWith(t, 'staff.csv', staff)
  const some = await readFile({ path: file }, { objectTypes: ['row'], attributes: { row: ['Name'] } })
  assert.deepEqual(some.records.map((r) => r.attributes), [{ Name: 'Łukasz Żółć' }, { Name: 'Smith, John' }])
  const { records, end } = await readFile({ path: file }, { objectTypes: [], attributes: { row: ['Name', 'E-mail'] } })
  assert.deepEqual(records, [])
  assert.ok(!end.complete && end.code === 'SOURCE_COLUMN_MISSING')
  assert.match(end.because, /no column "E-mail" in its header \(row 1\).*ID, Name, Start/)
})

test('a bad row is set aside with its address, and the good ones go on', async (t) => {
  const good = ['ID,Name,Start', '1,A,x']
  const bad = ['2,B', '3,C,x,y', '4,C,x,', '5,"D" d,x', '6,E "e" e,x', '7,"F,x']
  const rows = [...good, ...bad, '8,G,"x"', '9,H,x', '']
  const { records, rejected, end } = await readFile({ path: await fileWith(t, 'staff.csv', rows.join('\n')) })
  assert.deepEqual(records.map((r) => r.row), [2, 5, 9, 10])
  assert.deepEqual(rejected.map(({ address, column, value, code }) => [address, column, value, code]), [
    ['staff.csv!C3', 'Start', undefined, 'ROW_MALFORMED'],
    ['staff.csv!D4', undefined, 'y', 'ROW_MALFORMED'],
    ['staff.csv!A6', 'ID', '5,"D" d,x', 'ROW_MALFORMED'],
    ['staff.csv!A7', 'ID', '6,E "e" e,x', 'ROW_MALFORMED'],
    ['staff.csv!A8', 'ID', '7,"F,x', 'ROW_MALFORMED'],
  ])
  assert.equal(rejected[0]?.expected, '3 cells, as in the header; this row has 2')
  assert.ok(end.complete && end.count === 9)
})

test('a quote that is never closed costs its row and the proof of completeness, not the other rows', async (t) => {
  const { records, rejected, end } = await readFile({ path: await fileWith(t, 's.csv', 'a,b\n1,x\n2,"y\n3,z\n') })
  assert.deepEqual(records.map((r) => r.row), [2, 4])
  assert.deepEqual(rejected.map((r) => r.address), ['s.csv!A3'])
  assert.ok(!end.complete && end.code === 'SOURCE_TRUNCATED')
  assert.match(end.because, /row 3/)
})

test('bytes that the encoding does not know set their row aside', async (t) => {
  const utf8 = Buffer.concat([Buffer.from('ID,Name\n1,Żółć\n2,'), Buffer.from([0xe9]), Buffer.from('\n3,Zoë\n')])
  const one = await readFile({ path: await fileWith(t, 's.csv', utf8) })
  assert.deepEqual(one.records.map((r) => r.attributes['Name']), ['Żółć', 'Zoë'])
  assert.deepEqual(one.rejected.map((r) => [r.address, r.code]), [['s.csv!B3', 'ROW_VALUE_INVALID']])
  assert.ok(one.end.complete)
  const text = `ID,Name\n${'1,ok\n'.repeat(2000)}2,\0\n3,${'x'.repeat(1_000_001)}\n4,ok\n`
  const zero = await readFile({ path: await fileWith(t, 's.csv', text) })
  assert.deepEqual(zero.rejected.map((r) => r.address), ['s.csv!B2002', 's.csv!B2003'])
  assert.ok((zero.rejected[1]?.value?.length ?? 0) < 300)
  assert.equal(zero.records.length, 2001)
})

test('each encoding is found, with and without byte order mark', async (t) => {
  const folder = await temporaryFolder(t)
  const text = 'ID;Name\n1;José Núñez\n2;Zoë\n'
  const files: Record<string, Buffer> = {
    'utf-8': Buffer.from(text),
    'utf-8 with mark': Buffer.from(`\ufeff${text}`),
    'windows-1252': iconv.encode(text, 'windows-1252'),
    'utf-16le': iconv.encode(text, 'utf-16le', { addBOM: false }),
    'utf-16le with mark': iconv.encode(text, 'utf-16le', { addBOM: true }),
    'utf-16be': iconv.encode(text, 'utf-16be', { addBOM: false }),
    'utf-16be with mark': iconv.encode(text, 'utf-16be', { addBOM: true }),
  }
  for (const [encoding, bytes] of Object.entries(files)) {
    const file = path.join(folder, `${encoding}.csv`)
    await writeFile(file, bytes)
    const { records, end } = await readFile({ path: file })
    assert.deepEqual(records.map((r) => r.attributes['Name']), ['José Núñez', 'Zoë'], file)
    assert.ok(end.complete, file)
  }
})

test('a file of many chunks is read as if it were one, whether its lines go as parts or not', async (t) => {
  const folder = await temporaryFolder(t)
  const calm = ['1,Ann,x', '2,"Smith, John",y', '3, Żółć ,z', '4,"","q"']
  const wild = [...calm, '5,"two\nlines",z', '6,"a ""b""",z', ',,', '', '7,"open', '8,x"y"', '9,a,b,c']
  const places = fc.array(fc.nat(20_000), { maxLength: 3 })
  let parts = 0
  const file = path.join(folder, 'large.csv')
  const reader = fileConnector.openReader(fileConnector.configSchema.parse({ path: file, headerRow: 1 }), noSecrets)
  await fc.assert(fc.asyncProperty(fc.infiniteStream(fc.constantFrom(...calm)), fc.array(fc.constantFrom(...wild), { maxLength: 6 }), places, async (calmLines, wildLines, at) => {
    const lines = ['ID,Name,Unit', ...calmLines.take(20_000)]
    for (const place of at) lines.splice(1 + place, 0, ...wildLines)
    const text = `${lines.join('\n')}\n`
    await writeFile(file, text)
    const seen: [number, unknown][] = []
    for await (const next of reader.readParts!(everything, new AbortController().signal)) {
      if ('bytes' in next) parts++
      const page = 'bytes' in next ? pageOf(next) : next
      seen.push(...page.records.map((r): [number, unknown] => [r.row!, r.attributes]), ...page.rejected.map((r): [number, unknown] => [r.row, r.code]))
    }
    const { rows } = recordsOf(text.split('\n').slice(0, -1), 1, { delimiter: ',', quote: '"', lineEnd: '\n' }, true)
    const expected = rows.slice(1).flatMap((row): [number, unknown][] => {
      const cells = row.cells.map((cell) => String(cell).trim())
      if (row.faults === undefined && cells.every((cell) => cell === '')) return []
      if (row.faults !== undefined || cells.length !== 3) return [[row.row, 'ROW_MALFORMED']]
      return [[row.row, Object.fromEntries(['ID', 'Name', 'Unit'].map((name, i) => [name, cells[i]!]).filter(([, cell]) => cell !== ''))]]
    })
    assert.deepEqual(seen.toSorted(([a], [b]) => a - b), expected)
  }), { numRuns: 20 })
  assert.ok(parts > 20)
})

test('who has seen enough of a file lets go of it', { skip: process.platform !== 'linux' }, async (t) => {
  const file = await fileWith(t, 'large.csv', `ID,Name\n${'1,Ann\n'.repeat(50_000)}`)
  const open = async (): Promise<number> => {
    const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return links.filter((link) => link === file).length
  }
  const reader = fileConnector.openReader(fileConnector.configSchema.parse({ path: file }), noSecrets)
  for (const read of [reader.read, reader.readParts!]) {
    const pages = read(everything, new AbortController().signal)
    for (let n = 0; n < 3; n++) assert.equal((await pages.next()).done, false)
    assert.equal(await open(), 1)
    await pages.return(undefined as never)
    assert.equal(await open(), 0)
  }
  await reader.inspect!(new AbortController().signal)
  assert.equal(await open(), 0)
})

test('what Excel says of the delimiter, old line ends and tabs are understood', async (t) => {
  const names = async (name: string, content: string): Promise<string[]> => {
    const { records } = await readFile({ path: await fileWith(t, name, content) })
    return records.map((r) => Object.values(r.attributes).join('/'))
  }
  assert.deepEqual(await names('a.csv', 'sep=|\r\na|b\r\n1,5|2\r\n'), ['1,5/2'])
  assert.deepEqual(await names('a.csv', 'a,b\r1,"x\ry"\r2,z\r'), ['1/x\ry', '2/z'])
  assert.deepEqual(await names('a.tsv', 'a\tb\n1\t2,3\n\t"x\ty"\n'), ['1/2,3', 'x\ty'])
  assert.deepEqual(await names('a.csv', 'a, "b" ,c\n1, "x, y" , z\n'), ['1/x, y/z'])
  assert.deepEqual(await names('a.csv', 'a\n1\n2\n'), ['1', '2'])
})

test('a column named __proto__ is an attribute like any other, by its letter', async (t) => {
  const { records } = await readFile({ path: await fileWith(t, 'a.csv', 'id,__proto__\n1,x\n') })
  assert.deepEqual(records[0]?.attributes, { id: '1', B: 'x' })
})

test('any table survives any delimiter, quote, line end and encoding', async (t) => {
  const folder = await temporaryFolder(t)
  let n = 0
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 5 }).chain(tableOf),
    fc.constantFrom(',', ';', '\t', '|'),
    fc.constantFrom('"' as const, "'" as const),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom(...encodings),
    fc.boolean(),
    async (rows, delimiter, quote, lineEnd, encoding, quoteAll) => {
      const width = rows[0]?.length ?? 0
      const header = Array.from({ length: width }, (_, i) => `col${i}`)
      const table = rows.map((row) => row.map((text) => iconv.decode(iconv.encode(text, encoding), encoding)))
      const written = (text: string): string => {
        const quoted = quoteAll || [delimiter, quote, '\n', '\r'].some((c) => text.includes(c))
        return quoted ? quote + text.replaceAll(quote, quote + quote) + quote : text
      }
      const content = [header, ...table].map((row) => row.map(written).join(delimiter) + lineEnd).join('')
      const file = path.join(folder, `${n++}.csv`)
      await writeFile(file, iconv.encode(content, encoding))
      const { records, rejected, end } = await readFile({ path: file, delimiter, quote, encoding, headerRow: 1 })
      const blank = (row: string[]): boolean => row.every((text) => text.trim() === '')
      const expected = table.filter((row) => !blank(row))
        .map((row) => row.map((text, i) => [`col${i}`, text.trim()]).filter(([, text]) => text !== ''))
        .map((cells) => Object.fromEntries(cells))
      assert.deepEqual(rejected, [])
      assert.deepEqual(records.map((r) => r.attributes), expected)
      assert.equal(codeOf(end), expected.length === 0 ? 'SOURCE_EMPTY' : 'complete')
    },
  ), { numRuns: 300 })
})

/** Texts with everything that could be mistaken, in characters that all the encodings have. */
const piece = fc.constantFrom('a', '1', ' ', 'é', ',', ';', '\t', '|', '"', "'", '\n', '\r\n', 'ß', '=', '€')
const cellText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))

function tableOf(width: number): fc.Arbitrary<string[][]> {
  return fc.array(fc.array(cellText, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 })
}
