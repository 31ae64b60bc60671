import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import test, { after, before } from 'node:test'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, header, job, kinds, line, openImport, type Import } from './import-fixture.ts'

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

const people = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => line({ id: `E${100 + from + i}`, first: `First${from + i}` }))
const release = (hr: Import, setHash: string) => hr.pool.query(
  `insert into release (id, kind, subject, set_hash, released_at, released_by) values (gen_random_uuid(), 'disable', 'people', $1, now(), 'test')`, [setHash])
const states = async (hr: Import): Promise<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(await hr.people(), (p) => p.state)].map(([state, list]) => [state, list.length]))

/** Every way in which a file can be broken ends nobody, and is named for what it is. */
const faults: { name: string; code: string; damage: (hr: Import) => Promise<void> }[] = [
  { name: 'is missing', code: 'SOURCE_MISSING', damage: (hr) => rm(hr.file()) },
  { name: 'is empty', code: 'SOURCE_EMPTY', damage: (hr) => writeFile(hr.file(), '') },
  { name: 'has a header and no rows', code: 'SOURCE_EMPTY', damage: (hr) => writeFile(hr.file(), `${header}\n`) },
  { name: 'is cut off', code: 'SOURCE_TRUNCATED', damage: async (hr) => writeFile(hr.file(), (await readFile(hr.file())).subarray(0, 400)) },
  { name: 'lacks a column', code: 'SOURCE_COLUMN_MISSING', damage: async (hr) => writeFile(hr.file(), (await readFile(hr.file(), 'utf8')).replace('Last name', 'Family name')) },
]
for (const { name, code, damage } of faults) {
  importing(`a file that ${name} ends nobody`, async (hr) => {
    await hr.day(people(20))
    await damage(hr)
    const planned = await hr.plan()
    assert.deepEqual(planned.changes, [])
    assert.deepEqual([planned.snapshots[0]!.complete, codes(planned)[0]], [false, code])
    assert.match(planned.findings[0]!.message, /hr\.csv/)
    if (code === 'SOURCE_COLUMN_MISSING') assert.match(planned.findings[0]!.message, /"Last name".*There are: .*"Family name"/)
    await hr.apply(planned.planId)
    assert.deepEqual(await states(hr), { active: 20 })
  })
}

importing('of a file that is cut off, joiners and changes go on', async (hr) => {
  await hr.day(people(20))
  const rows = [line({ id: 'E101', first: 'Changed' }), line({ id: 'E999', first: 'Joiner' }), ...people(18, 2)]
  await writeFile(hr.file(), [header, ...rows].join('\n').slice(0, -60))
  const planned = await hr.plan()
  assert.equal(planned.snapshots[0]!.complete, false)
  assert.deepEqual(kinds(planned).sort(), ['create planned', 'update planned'])
})

importing('a row that vanished ends nobody until it is released', async (hr) => {
  const rows = people(20)
  await hr.day(rows)
  const gone = await hr.day(rows.slice(1))
  assert.deepEqual(kinds(gone), ['update planned', 'disable held'])
  assert.deepEqual(codes(gone), ['PEOPLE_MISSING'])
  assert.match(gone.findings[0]!.message, /First1 Lovelace/)
  assert.deepEqual(gone.brakes.map((b) => [b.system, b.kind, b.planned, b.of, b.code, b.job]), [['people', 'disable', 1, 20, 'PEOPLE_MISSING', 'hr']])
  const missing = await hr.person('E101')
  assert.deepEqual([missing.state, typeof missing.positions[0]!.missingSince], ['active', 'string'])

  const later = await hr.day(rows.slice(1))
  assert.deepEqual(kinds(later), ['disable held'])
  assert.equal(later.brakes[0]!.setHash, gone.brakes[0]!.setHash)

  await release(hr, gone.brakes[0]!.setHash)
  const released = await hr.day(rows.slice(1))
  assert.deepEqual([kinds(released), codes(released)], [['disable planned'], []])
  assert.equal((await hr.person('E101')).state, 'ended')
  assert.deepEqual([(await hr.day(rows.slice(1))).changes], [[]])

  const back = await hr.day(rows)
  assert.deepEqual(kinds(back), ['enable planned'])
  const person = await hr.person('E101')
  assert.deepEqual([person.state, person.positions[0]!.missingSince], ['active', undefined])
})

importing('a row that comes back by itself is no longer missing', async (hr) => {
  const rows = people(20)
  await hr.day(rows)
  await hr.day(rows.slice(1))
  const back = await hr.day(rows)
  assert.deepEqual([kinds(back), codes(back), back.brakes], [['update planned'], [], []])
  assert.equal((await hr.person('E101')).positions[0]!.missingSince, undefined)
})

importing('a row set aside is there: nobody is missing', async (hr) => {
  const rows = people(20)
  await hr.day(rows)
  const planned = await hr.day([line({ id: 'E101', start: 'soon' }), ...rows.slice(1)])
  assert.deepEqual([planned.changes, codes(planned)], [[], ['ROW_SET_ASIDE']])
})

importing('a file that is suddenly short holds everybody, and adds up over days', async (hr) => {
  const rows = people(20)
  await hr.day(rows)
  const short = await hr.day([...rows.slice(5), line({ id: 'E999' })])
  assert.deepEqual(kinds(short).sort(), ['create planned', ...Array(5).fill('disable held')])
  assert.deepEqual(codes(short), ['SOURCE_SHORT'])
  assert.match(short.findings[0]!.message, /5 of 20 rows.*25 %.*at most 10 %/)
  assert.equal((await hr.person('E101')).positions[0]!.missingSince, undefined)
  await hr.day([...rows, line({ id: 'E999' })])

  hr.setNow('2026-06-16T08:00:00.000Z')
  assert.deepEqual(codes(await hr.day([...rows.slice(2), line({ id: 'E999' })])), ['PEOPLE_MISSING'])
  hr.setNow('2026-06-18T08:00:00.000Z')
  assert.deepEqual(codes(await hr.day([...rows.slice(4), line({ id: 'E999' })])), ['SOURCE_SHORT'])
})

importing('a short file that is right is one release', async (hr) => {
  const rows = people(20)
  await hr.day(rows)
  const short = await hr.day(rows.slice(5))
  await release(hr, short.brakes[0]!.setHash)
  const released = await hr.day(rows.slice(5))
  assert.deepEqual([kinds(released), codes(released)], [Array(5).fill('disable planned'), []])
  assert.deepEqual(await states(hr), { active: 15, ended: 5 })
})

importing('a source that proves its completeness ends who vanished, and exactly them; one that only says so ends nobody', async (hr) => {
  const rows = people(20)
  const total = (lines: string[]): string[] => [...lines, `TOTAL ${lines.length}`]
  await hr.day(rows)
  const unproven = await hr.day(rows.slice(1))
  assert.deepEqual([kinds(unproven), codes(unproven)], [['update planned', 'disable held'], ['PEOPLE_MISSING']])
  assert.match(unproven.findings[0]!.message, /does not prove that it is whole.*completeness\.trailer/)
  hr.revision.policy.systems[0]!.config['completeness'] = { trailer: { pattern: '^TOTAL (\\d+)$' } }
  const cut = await hr.day(total(rows).slice(0, -2))
  assert.deepEqual([codes(cut), await states(hr)], [['SOURCE_TRUNCATED'], { active: 20 }])
  const planned = await hr.day(total(rows.slice(1)))
  assert.deepEqual([kinds(planned), codes(planned)], [['disable planned'], []])
  assert.deepEqual([(await hr.person('E101')).state, await states(hr)], ['ended', { ended: 1, active: 19 }])
}, [job('hr', { completeness: { maxShrink: 0.1, vanishedEnds: true } })])

importing('what changed since the plan was made is refused, and planned anew', async (hr) => {
  await hr.day(people(3))
  await hr.write([line({ id: 'E101', first: 'Old' }), ...people(2, 2), line({ id: 'E500' })])
  const stale = await hr.plan()
  await hr.day([line({ id: 'E101', first: 'New' }), ...people(2, 2), line({ id: 'E500', first: 'Other' })])
  assert.deepEqual(await hr.apply(stale.planId), { done: 0, refused: 2 })
  assert.equal((await hr.person('E101')).attributes['givenName'], 'New')
  const { rows } = await hr.pool.query(`select distinct state, code from plan_change where plan_id = $1`, [stale.planId])
  assert.deepEqual(rows, [{ state: 'refused', code: 'CHANGE_DIFFERS' }])
})

importing('killed between two batches, it goes on, and nothing is doubled', async (hr) => {
  await hr.write(people(30))
  const planned = await hr.plan()
  // The server refuses the third batch, as if it had been killed there.
  await hr.pool.query(`create function fail() returns trigger language plpgsql as $$ begin
    if (select count(*) from person) >= 20 then raise 'killed'; end if; return null; end $$`)
  await hr.pool.query('create trigger fail after insert on record for each statement execute function fail()')
  await assert.rejects(hr.apply(planned.planId, { batchSize: 10 }), /killed/)
  const half = await hr.people()
  assert.ok(half.length > 0 && half.length < 30, `${half.length} people`)
  assert.equal((await hr.pool.query('select from record')).rowCount, half.length)
  await hr.pool.query('drop trigger fail on record')
  const rest = await hr.apply(planned.planId, { batchSize: 10 })
  assert.deepEqual([rest, (await hr.people()).length], [{ done: 30 - half.length, refused: 0 }, 30])
  assert.deepEqual(await hr.apply(planned.planId), { done: 0, refused: 0 })
  const { rows } = await hr.pool.query(`select sum((detail ->> 'done')::int)::int as done from audit where action = 'people.apply'`)
  assert.deepEqual(rows, [{ done: 30 }])
  assert.deepEqual((await hr.day(people(30))).changes, [])
})
