/**
 * A file that is cut at every byte, with each column dropped, each row doubled and each row gone, through reading and
 * planning: joiners and changes in what is whole go on, nobody is ended, and a finding says why. Proven whole, exactly
 * the one who is gone leaves.
 *
 * The file is read at every offset, as the engine reads it. The engine knows nothing of a file but what the reader says, so
 * each different answer goes once through reading into a snapshot and planning.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { bookOf, sheetOf } from '../../src/connectors/file/fixture.ts'
import { UsherError } from '../../src/domain/errors.ts'
import type { Finding } from '../../src/domain/plan.ts'
import { openReader } from '../../src/engine/context.ts'
import { planPeople } from '../../src/engine/plan-people.ts'
import { readSource } from '../../src/engine/read-source.ts'
import { transaction } from '../../src/store/database.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openImport, type Import, type PlannedChange } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const header = ['ID', 'Name', 'Mail', 'Until']
const staff: string[][] = Array.from({ length: 12 }, (_, i) => [`E${i + 10}`, `Nó${i}`, `n${i}@x.org`, '2027-12-31'])
/** The next day: the first has another name, somebody joins in the middle, everybody else is as before. */
const nextDay = staff.map((cells, i) => (i === 0 ? cells.with(1, 'Ada') : cells)).toSpliced(6, 0, ['E99', 'New', 'new@x.org', ''])
const csv = (rows: string[][], ...more: string[]): Buffer => Buffer.from(`${[header, ...rows].map((r) => r.join(',')).concat(more).join('\n')}\n`)
const xlsx = (rows: string[][]): Buffer => bookOf({ sheets: { A: { xml: sheetOf([header, ...rows]) } } })
const job = (more: object = {}) => ({
  id: 'hr', name: 'Staff', source: 'hr', destination: 'people', method: 'automatic', key: 'row["ID"]',
  mapping: { employeeId: 'row["ID"]', displayName: 'row["Name"]', email: 'row["Mail"]' }, position: { end: 'row["Until"]' }, ...more,
})
const trailer = { trailer: { pattern: '^TOTAL (\\d+)$' } }
const vanishedEnds = { completeness: { maxShrink: 0.1, vanishedEnds: true } }

interface Outcome {
  findings: Finding[]
  /** Who would be ended, by employee number. */
  ended: string[]
  joined: string[]
  changed: string[]
}

/** An Usher that knows the staff; what a file would do to them can be asked as often as one likes. */
async function open(name: 'hr.csv' | 'hr.xlsx', config: object, more: object, first: Buffer) {
  const hr = await openImport(server, [job(more)])
  Object.assign(hr.revision.policy.systems[0]!.config, { path: name, ...config })
  const file = path.join(hr.filesFolder, name)
  await writeFile(file, first)
  const planned = await hr.plan()
  assert.equal(planned.findings.length, 0)
  await hr.apply(planned.planId)
  const { rows } = await hr.pool.query<{ id: string; number: string }>(`select id, attributes ->> 'employeeId' as number from person`)
  const known = new Map(rows.map((r) => [r.id, r.number]))
  const outcomes = new Map<string, Outcome>()
  let reads = 0
  return {
    hr, outcomes,
    reads: () => reads,
    async ask(content: Buffer): Promise<Outcome> {
      await writeFile(file, content)
      reads++
      const told = await answerOf(hr)
      const outcome = outcomes.get(told) ?? await outcomeOf(hr, known)
      outcomes.set(told, outcome)
      return outcome
    },
  }
}

/** All that the reader says, but for where in a row that is set aside the fault is: that is only shown. */
async function answerOf(hr: Import): Promise<string> {
  const reader = openReader(hr.context, hr.revision.policy.systems[0]!)
  const signal = new AbortController().signal
  const said: unknown[] = []
  try {
    const { modifiedAt: _, ...shape } = await reader.inspect!(signal)
    said.push(shape)
    const pages = reader.read({ objectTypes: [], attributes: { row: header } }, signal)
    for (;;) {
      const next = await pages.next()
      if (next.done) return JSON.stringify([...said, { ...next.value, digest: undefined }])
      said.push(next.value.records, next.value.rejected.map(({ row, code }) => [row, code]))
    }
  } catch (error) {
    if (!(error instanceof UsherError)) throw error
    return JSON.stringify([...said, error.code, error.message])
  } finally {
    await reader.close()
  }
}

async function outcomeOf(hr: Import, known: Map<string, string>): Promise<Outcome> {
  const read = await readSource(hr.context, hr.revision, hr.revision.policy.jobs[0] as never, new AbortController().signal)
  const planId = randomUUID()
  const forget = new Error('forget')
  let outcome: Outcome | undefined
  await transaction(hr.pool, async (client) => {
    const asOf = hr.context.now()
    await client.query(`insert into plan (id, cause, policy_revision, as_of, basis, made_by, made_at, state) values ($1, 'test', 1, $2, $3, 'test', $2, 'open')`,
      [planId, asOf, JSON.stringify({ snapshots: { hr: read.snapshotId } })])
    const { findings } = await planPeople(hr.context, client, { planId, revision: hr.revision, asOf, snapshots: [read] })
    const { rows } = await client.query<PlannedChange>(`select * from planned_change where plan_id = $1 and state = 'planned' order by id`, [planId])
    const lost = rows.flatMap((c) => Object.keys((c.before?.['attributes'] ?? {}) as object).filter((name) => !(name in ((c.after['attributes'] ?? {}) as object))))
    assert.deepEqual(lost, [], 'nothing that is known goes')
    const of = (kinds: string[]): string[] => rows.filter((c) => kinds.includes(c.kind)).map((c) => known.get(c.person_id) ?? c.subject)
    outcome = {
      findings, ended: of(['disable', 'delete']), joined: of(['create']),
      changed: rows.filter((c) => c.kind === 'update' && 'attributes' in c.after).map((c) => known.get(c.person_id) ?? c.subject),
    }
    throw forget
  }).catch((error: unknown) => { if (error !== forget) throw error })
  // The next file is compared with the first one only.
  await hr.pool.query('delete from snapshot where id = $1', [read.snapshotId])
  return outcome!
}

const codesOf = (outcome: Outcome): string[] => outcome.findings.map((f) => f.code)
const says = (outcome: Outcome): string => outcome.findings.map((f) => `${f.code}: ${f.message}`).join('\n')

/** What must be said of a CSV file of which so many bytes are there. */
function expectedCode(whole: Buffer, at: number): RegExp {
  const lines = whole.subarray(0, at).filter((byte) => byte === 10).length
  if (at === 0) return /SOURCE_EMPTY/
  if (lines === 0) return /SOURCE_(TRUNCATED|COLUMN_MISSING|EMPTY)/
  if (lines === 1 && whole[at - 1] === 10) return /SOURCE_EMPTY/
  if (whole[at - 1] !== 10) return /SOURCE_TRUNCATED/
  return /SOURCE_SHORT|PEOPLE_MISSING/
}

test('a CSV file cut at every byte ends nobody and says why; what came whole goes on', async () => {
  const { hr, ask, outcomes, reads } = await open('hr.csv', {}, {}, csv(staff))
  const whole = csv(nextDay)
  for (let at = 0; at < whole.length; at++) {
    const outcome = await ask(whole.subarray(0, at))
    const rows = whole.subarray(0, at).filter((byte) => byte === 10).length - 1
    assert.deepEqual([outcome.ended, outcome.changed, outcome.joined], [[], rows >= 1 ? ['E10'] : [], rows >= 7 ? ['New'] : []], `cut at ${at}: ${says(outcome)}`)
    assert.match(codesOf(outcome).join(), expectedCode(whole, at), `cut at ${at}: ${says(outcome)}`)
    assert.match(says(outcome), /hr\.csv.*(Nobody is ended|stay as they are)/, `cut at ${at}`)
  }
  assert.deepEqual([reads(), codesOf(await ask(whole))], [whole.length, []])
  assert.ok(outcomes.size > 2 * nextDay.length, `${outcomes.size} different outcomes were planned`)
  await hr.close()
})

test('the same with a last row that proves it whole, and vanished rows that end', async () => {
  const { hr, ask } = await open('hr.csv', { completeness: trailer }, vanishedEnds, csv(staff, 'TOTAL 12,,,'))
  const whole = csv(nextDay.toSpliced(3, 1), 'TOTAL 12,,,')
  const proven = whole.length - ',,,\n'.length
  for (let at = 0; at < whole.length; at++) {
    const outcome = await ask(whole.subarray(0, at))
    assert.deepEqual(outcome.ended, at >= proven && codesOf(outcome).length === 0 ? ['E13'] : [], `cut at ${at}: ${says(outcome)}`)
    if (at < proven) assert.match(codesOf(outcome).join(), /SOURCE_(EMPTY|TRUNCATED|COLUMN_MISSING)/, `cut at ${at}: ${says(outcome)}`)
  }
  assert.deepEqual((await ask(whole)).ended, ['E13'])
  await hr.close()
})

test('the same where the last row may lack its line end', async () => {
  const { hr, ask } = await open('hr.csv', { completeness: { finalLineEnd: 'optional' } }, vanishedEnds, csv(staff.slice(0, 4)))
  const whole = csv(staff.slice(0, 4))
  for (let at = 0; at < whole.length; at++) {
    const outcome = await ask(whole.subarray(0, at))
    assert.deepEqual(outcome.ended, [], `cut at ${at}`)
    // In its very last cell nobody can tell; that is what who sets this accepts.
    if (at < whole.length - '2027-12-31\n'.length) assert.notEqual(codesOf(outcome).length, 0, `cut at ${at}`)
  }
  await hr.close()
})

test('a workbook cut at every byte ends nobody and says why', async () => {
  const { hr, ask, reads } = await open('hr.xlsx', {}, vanishedEnds, xlsx(staff))
  const whole = xlsx(nextDay.toSpliced(3, 1))
  for (let at = 0; at < whole.length; at++) {
    const outcome = await ask(whole.subarray(0, at))
    assert.deepEqual([outcome.ended, codesOf(outcome).length], [[], 1], `cut at ${at}`)
    assert.match(codesOf(outcome).join(), at === 0 ? /SOURCE_EMPTY/ : /SOURCE_(TRUNCATED|UNREADABLE)/, `cut at ${at}`)
    assert.match(says(outcome), /hr\.xlsx.*Nobody is ended/)
  }
  assert.ok(reads() > 1000)
  assert.deepEqual((await ask(whole)).ended, ['E13'])
  await hr.close()
})

for (const name of ['hr.csv', 'hr.xlsx'] as const) {
  test(`${name}, proven whole: each row gone ends exactly that person, each row doubled and each column dropped nobody`, async () => {
    const content = (rows: string[][], columns = header): Buffer => (name === 'hr.xlsx' ? bookOf({ sheets: { A: { xml: sheetOf([columns, ...rows]) } } })
      : Buffer.from(`${[columns, ...rows, [`TOTAL ${rows.length}`, ...columns.slice(1).map(() => '')]].map((r) => r.join(',')).join('\n')}\n`))
    const { hr, ask } = await open(name, name === 'hr.csv' ? { completeness: trailer } : {}, vanishedEnds, content(staff))
    for (const [at, cells] of staff.entries()) {
      const without = await ask(content(staff.toSpliced(at, 1)))
      assert.deepEqual([without.ended, codesOf(without)], [[cells[0]], []], says(without))
      const doubled = await ask(content(staff.toSpliced(at, 0, cells)))
      assert.deepEqual([doubled.ended, doubled.changed, codesOf(doubled)], [[], [], ['ROW_SET_ASIDE']], says(doubled))
    }
    for (const [at, column] of header.entries()) {
      const dropped = await ask(content(staff.map((cells) => cells.toSpliced(at, 1)), header.toSpliced(at, 1)))
      assert.deepEqual([dropped.ended, dropped.changed, codesOf(dropped)], [[], [], ['SOURCE_COLUMN_MISSING']], column)
      assert.match(says(dropped), new RegExp(`no column "${column}"`))
    }
    await hr.close()
  })
}
