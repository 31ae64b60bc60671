/** Whatever happens to a file, nobody is ended by it; what is proven or released ends exactly those. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import test, { after, before } from 'node:test'
import { bookOf, sheetOf } from '../../src/connectors/file/fixture.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, header, job, line, openImport, type Import, type Planned } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

function importing(name: string, body: (hr: Import) => Promise<void>, jobs?: object[]): void {
  test(name, async () => {
    const hr = await openImport(server, jobs)
    try {
      await body(hr)
    } finally {
      await hr.close()
    }
  })
}

const columns = header.split(',')
const people = (count: number): string[] => Array.from({ length: count }, (_, i) =>
  line({ id: `E${1000 + i}`, position: `P${i}`, first: `First${i}`, manager: `E${1000 + (i + 1) % count}`, end: '2027-12-31', leaveFrom: '2027-01-01', leaveUntil: '2027-02-01' }))
const states = async (hr: Import): Promise<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(await hr.people(), (p) => p.state)].map(([state, list]) => [state, list.length]))
const release = (hr: Import, setHash: string) => hr.pool.query(
  `insert into release (id, kind, subject, set_hash, released_at, released_by) values (gen_random_uuid(), 'disable', 'people', $1, $2, 'test')`, [setHash, hr.context.now()])
/** Nobody is ended, and nothing that is known goes. */
function harmless(planned: Planned, what: string): void {
  for (const change of planned.changes.filter((c) => c.state === 'planned')) {
    assert.ok(change.kind !== 'disable' && change.kind !== 'delete', `${what}: ${change.kind} ${change.subject}`)
    for (const name of Object.keys((change.before?.['attributes'] ?? {}) as object)) {
      assert.ok(name in (change.after['attributes'] as object), `${what}: ${change.subject} loses ${name}`)
    }
  }
}

importing('a file cut anywhere, each column dropped, each column emptied, all rows doubled: nobody is ended, and the finding says why', async (hr) => {
  const rows = people(24)
  await hr.day(rows)
  const whole = Buffer.from([header, ...rows, ''].join('\n'))
  for (const at of [0, 1, header.length - 3, header.length + 1, header.length + 40, whole.length >> 1, whole.length - 60, whole.length - 1]) {
    await writeFile(hr.file(), whole.subarray(0, at))
    const planned = await hr.plan()
    harmless(planned, `cut at ${at}`)
    assert.match(codes(planned).join(), /SOURCE_(EMPTY|TRUNCATED|COLUMN_MISSING)/, `cut at ${at}`)
  }
  const edited = async (edit: (cells: string[], row: number) => string[]): Promise<Planned> => {
    await writeFile(hr.file(), `${[header, ...rows].map((text, i) => edit(text.split(','), i).join(',')).join('\n')}\n`)
    return await hr.plan()
  }
  for (const [at, name] of columns.entries()) {
    const without = await edited((cells) => cells.toSpliced(at, 1))
    harmless(without, `without ${name}`)
    assert.deepEqual(codes(without), ['SOURCE_COLUMN_MISSING'], `without ${name}`)
    assert.match(without.findings[0]!.message, new RegExp(`"${name}"`))
    const emptied = await edited((cells, row) => (row === 0 ? cells : cells.with(at, '')))
    harmless(emptied, `${name} emptied`)
    const found = codes(emptied)
    if (name === 'Employee ID') assert.ok(found.includes('ROW_SET_ASIDE'), found.join())
    else assert.match(emptied.findings.find((f) => f.code === 'SOURCE_OUT_OF_CONTRACT')?.message ?? found.join(), new RegExp(`column "${name}" was filled in 100 % of the rows and is in 0 %`))
  }
  const doubled = await edited((cells, row) => (row === 0 ? cells : [...cells.slice(0, -1), `${cells.at(-1)}\n${cells.join(',')}`]))
  harmless(doubled, 'doubled')
  assert.deepEqual(codes(doubled), ['SOURCE_OUT_OF_CONTRACT', 'ROW_SET_ASIDE'])
  assert.match(doubled.findings[0]!.message, /48 rows have a key that another row has, too/)
  assert.deepEqual(await states(hr), { active: 24 })
})

importing('while a column is out of contract, others go on and its values are kept; back in contract, or released, it counts again', async (hr) => {
  const rows = people(24)
  const joiner = line({ id: 'E1999', position: 'P', first: 'New' })
  const mailless = (count: number) => [...rows.map((text, i) => (i < count ? text.split(',').with(4, '').join(',') : text)), joiner]
  await hr.day(rows)
  const broken = await hr.day([...mailless(15).slice(1).map((text) => text.replace('First5,', 'Fifth,'))])
  assert.deepEqual(codes(broken), ['SOURCE_OUT_OF_CONTRACT'])
  assert.match(broken.findings[0]!.message, /column "E-mail" was filled in 100 % of the rows and is in 4\d(\.\d)? % \(at least 80 % expected\).*is kept/)
  assert.deepEqual(broken.changes.map((c) => `${c.kind} ${c.state}`).toSorted(), ['create planned', 'update planned'])
  const fifth = await hr.person('E1005')
  assert.deepEqual([fifth.attributes['givenName'], fifth.attributes['email'], (await hr.person('E1000')).state], ['Fifth', 'first5.lovelace.e1005@example.org', 'active'])
  // The same again changes nothing; said to be right, the values go.
  assert.deepEqual((await hr.day(mailless(15))).changes.map((c) => c.kind), ['update'])
  const still = await hr.day(mailless(15))
  assert.deepEqual([still.changes, codes(still)], [[], ['SOURCE_OUT_OF_CONTRACT']])
  await release(hr, still.brakes[0]!.setHash)
  const accepted = await hr.day(mailless(15))
  assert.deepEqual([codes(accepted), accepted.changes.length], [[], 15])
  assert.equal((await hr.person('E1005')).attributes['email'], undefined)
  assert.deepEqual(codes(await hr.day(mailless(16))), [])
})

importing('a proven-complete file that lacks three people makes exactly those three leave', async (hr) => {
  hr.revision.policy.systems[0]!.config['completeness'] = { trailer: { pattern: '^TOTAL (\\d+)$' } }
  const rows = people(40)
  await hr.day([...rows, 'TOTAL 40'])
  const planned = await hr.day([...rows.slice(0, 10), ...rows.slice(13), 'TOTAL 37'])
  assert.deepEqual([codes(planned), planned.changes.map((c) => `${c.kind} ${c.state}`)], [[], Array(3).fill('disable planned')])
  const ended = (await hr.people()).filter((p) => p.state === 'ended').map((p) => p.attributes['employeeId'])
  assert.deepEqual(ended, ['E1010', 'E1011', 'E1012'])
}, [job('hr', { completeness: { maxShrink: 0.1, vanishedEnds: true } })])

const proving = (hr: Import): void => { hr.revision.policy.systems[0]!.config['completeness'] = { trailer: { pattern: '^TOTAL (\\d+)$' } } }
const proven = (rows: string[]): string[] => [...rows, `TOTAL ${rows.length}`]
const vanishedEnds = { completeness: { maxShrink: 0.1, vanishedEnds: true } }

importing('who is in a proven file under another key stays: a match rule knows them at once', async (hr) => {
  proving(hr)
  const rows = people(24)
  await hr.day(proven(rows))
  const { id } = await hr.person('E1005')
  const rekeyed = proven(rows.with(5, rows[5]!.replace(/^E1005,/, 'e1005,')))
  assert.deepEqual((await hr.day(rekeyed)).changes.map((c) => [c.kind, c.person_id]), [['update', id]])
  assert.deepEqual([(await hr.person('e1005')).id, await states(hr)], [id, { active: 24 }])
  assert.deepEqual((await hr.day(rekeyed)).changes, [])
}, [job('hr', { ...vanishedEnds, match: [['email']] })])

importing('who may be in a row that waits for a decision has not vanished until it is decided', async (hr) => {
  proving(hr)
  const rows = people(24)
  await hr.day(proven(rows))
  const { id } = await hr.person('E1005')
  const rekeyed = proven(rows.with(5, rows[5]!.replace(/^E1005,/, 'E2005,')).toSpliced(8, 1))
  const waiting = await hr.day(rekeyed)
  assert.deepEqual([codes(waiting), waiting.changes.map((c) => `${c.kind} ${c.subject}`)], [['MATCH_AMBIGUOUS'], []])
  await hr.pool.query(`update match_case set decided_at = $1, decided_by = 'test', person_id = $2`, [hr.context.now(), id])
  assert.deepEqual((await hr.day(rekeyed)).changes.map((c) => `${c.kind} ${c.subject}`).toSorted(), ['disable First8 Lovelace', 'update First5 Lovelace'])
  assert.equal((await hr.person('E2005')).id, id)
}, [job('hr', { ...vanishedEnds, match: [['surname']] })])

importing('whose key somebody overwrote with that of a neighbour is not ended, whatever the file proves; a row that is there twice holds nobody', async (hr) => {
  proving(hr)
  const rows = people(24)
  await hr.day(proven(rows))
  const filledDown = (end: string) => proven(rows.with(5, rows[5]!.replace(/^E1005,P5,/, 'E1006,P6,').replace('2027-12-31', end)))
  for (const end of ['2027-12-31', 'never']) {
    const planned = await hr.day(filledDown(end))
    assert.deepEqual([codes(planned), planned.changes.filter((c) => c.state === 'planned' && c.kind === 'disable')], [['ROW_SET_ASIDE', 'PEOPLE_MISSING'], []])
    assert.match(planned.findings.find((f) => f.code === 'PEOPLE_MISSING')!.message, /First5 Lovelace.*1 row was set aside without a readable key of its own; some of these people may be among/)
  }
  const twice = await hr.day(proven([...rows.slice(1), rows[8]!]))
  assert.deepEqual(twice.changes.map((c) => `${c.kind} ${c.state} ${c.subject}`).filter((c) => c.startsWith('disable')), ['disable planned First0 Lovelace'])
}, [job('hr', vanishedEnds)])

importing('a sheet that outgrows the one that was read is not taken for it, until somebody names it', async (hr) => {
  const rows = people(12).map((text) => text.split(','))
  const left = rows.slice(6)
  const book = (sheets: Record<string, string[][]>) => writeFile(hr.file(), bookOf({ sheets: Object.fromEntries(Object.entries(sheets).map(([name, list]) => [name, { xml: sheetOf([columns, ...list]) }])) }))
  await book({ Staff: rows.slice(0, 6), Left: left.slice(0, 5) })
  await hr.apply((await hr.plan()).planId)
  await book({ Staff: rows.slice(0, 5), Left: left })
  const outgrown = await hr.plan()
  assert.deepEqual([codes(outgrown), outgrown.changes], [['SOURCE_OUT_OF_CONTRACT'], []])
  assert.match(outgrown.findings[0]!.message, /"Left" looks most like a table now, and "Staff" was read before/)
  await book({ 'Staff 2027': rows.slice(0, 6), Left: left.slice(0, 5) })
  assert.deepEqual(codes(await hr.plan()), [])
  hr.revision.policy.systems[0]!.config['sheet'] = 'Left'
  assert.equal((await hr.plan()).changes.filter((c) => c.kind === 'create').length, 5)
}, [job('hr')])

importing('a released set of four hundred makes exactly those four hundred leave', async (hr) => {
  const rows = people(1000)
  await hr.day(rows)
  const short = await hr.day(rows.slice(400))
  assert.deepEqual([codes(short), short.brakes.map((b) => b.planned), await states(hr)], [['SOURCE_SHORT'], [400], { active: 1000 }])
  await release(hr, short.brakes[0]!.setHash)
  assert.deepEqual(codes(await hr.day(rows.slice(399))), ['SOURCE_SHORT'], 'another set is not released')
  assert.deepEqual(codes(await hr.day(rows.slice(400))), [])
  const ended = new Set((await hr.people()).filter((p) => p.state === 'ended').map((p) => p.attributes['employeeId']))
  assert.deepEqual([...ended].toSorted(), Array.from({ length: 400 }, (_, i) => `E${1000 + i}`))
})

importing('what the last row says of the day counts for the age, however young the copy is', async (hr) => {
  hr.revision.policy.systems[0]!.config['completeness'] = { trailer: { pattern: '^TOTAL (\\d+) (?<date>\\S+)$', dateFormat: 'dd.MM.yyyy' } }
  const rows = people(12)
  const total = (count: number, day: string): string => ['TOTAL', count, day, ...columns.slice(3).map(() => '')].join(',')
  assert.deepEqual(codes(await hr.day([...rows, total(12, '14.06.2026')])), [])
  hr.setNow('2026-06-16T08:00:00.000Z')
  assert.deepEqual(codes(await hr.day([...rows, total(12, '15.06.2026')])), [])
  const older = await hr.day([...rows.slice(3), total(9, '14.06.2026')])
  assert.deepEqual([codes(older), await states(hr)], [['SOURCE_OUT_OF_CONTRACT'], { active: 12 }])
  assert.match(older.findings[0]!.message, /is of 2026-06-14.*older than the one read before/)
  hr.setNow('2026-06-18T08:00:00.000Z')
  const stale = await hr.day([...rows.slice(3), total(9, '15.06.2026')])
  assert.match(stale.findings[0]!.message, /was written 80 hours ago \(at most 36 allowed\)/)
  assert.deepEqual(await states(hr), { active: 12 })
  await hr.day([...rows.slice(1), total(11, '18.06.2026')])
  assert.deepEqual(await states(hr), { active: 11, ended: 1 })
}, [job('hr', { completeness: { maxShrink: 0.3, vanishedEnds: true, maxAgeHours: 36 } })])
