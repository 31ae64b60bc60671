/** A file that several threads read is what one thread would have read: rows, addresses, duplicates, references. */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import test, { after, before } from 'node:test'
import { isPeopleJob } from '../../src/domain/policy.ts'
import { readSource, type SnapshotResult } from '../../src/engine/read-source.ts'
import { tableOf } from '../../src/store/snapshot.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { header, job, line, openImport } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const count = 80_000
const id = (n: number): string => `E${String(n).padStart(6, '0')}`

/** Row n stands in line n + 2. Here and there something that no plain row has. */
function lines(): string[] {
  const all = Array.from({ length: count }, (_, n) => line({ id: id(n), first: n % 70 === 0 ? 'Żółć' : 'Ada', last: `L${n % 100}`, manager: id(n >> 3), department: n % 5 === 0 ? '' : `D${n % 9}`, end: n % 11 === 0 ? '2027-01-31' : '' }))
  all[900] = line({ id: id(900), start: 'soon' })
  all[15_000] = line({ id: id(15_000), department: '"Sales, ""North"""' })
  all[20_000] = line({ id: id(12) })
  all[25_000] = line({ id: id(25_000), email: all[3]!.split(',')[4]!.toUpperCase() })
  all[29_000] = `${line({ id: id(29_000) })},one more`
  all[29_500] = line({ id: id(29_500), start: '2026-02-30' })
  return all
}

interface Seen { result: SnapshotResult; rows: string; inOrder: boolean; north: unknown; aside: Record<string, unknown>[] }

async function read(write: (rows: string[]) => string[]): Promise<Seen> {
  const hr = await openImport(server)
  try {
    await hr.write(write(lines()))
    const result = await readSource(hr.context, hr.revision, hr.revision.policy.jobs.find(isPeopleJob)!, new AbortController().signal)
    const { rows: [all] } = await hr.pool.query<Pick<Seen, 'rows' | 'inOrder' | 'north'>>(
      `select md5(string_agg(concat_ws(';', key, position_key, row, dates, cells, attributes, positions, keep, encode(hash, 'hex'), substr(person_id::text, 1, 8)), '|' order by row)) as rows,
              bool_and(row = substr(key, 2)::int + 2) as "inOrder", json_agg(positions -> 0 -> 'attributes') filter (where key = $1) as north
         from ${tableOf(result.snapshotId)}`, [id(15_000)])
    const { rows: aside } = await hr.pool.query('select key, row, address, column_name, value, code from set_aside order by row, address')
    return { result, ...all!, aside }
  } finally {
    await hr.close()
  }
}

test('threads and mappings apart, a large file gives the same rows, addresses and answers', async () => {
  let threads = 0
  const countThread = (): void => { threads++ }
  process.on('worker', countThread)
  const inThreads = await read((rows) => rows)
  process.off('worker', countThread)
  assert.ok(threads > 1 || availableParallelism() === 1)
  // A cell over two lines in every part leaves all of them to one thread and to the mapping.
  const inOrder = await read((rows) => rows.map((row) => (Number(row.slice(1, 7)) % 100 === 1 ? row.replace(/,Ada,|,Żółć,/, (name) => `,"${name.slice(1, -1)}\n",`) : row)))
  const same = ({ result: { snapshotId: _, contractHash: __, ...result }, ...more }: typeof inThreads): unknown => ({ ...more, result: { ...result, dates: result.dates!.toSorted(), suspects: result.suspects.get('email')!.toSorted() } })
  assert.deepEqual(same(inThreads), same(inOrder))

  const { inOrder: isInOrder, north, aside, result } = inThreads
  assert.deepEqual(aside.map((a) => [a['address'], a['code'], a['value']]), [
    ['hr.csv!A14', 'ROW_KEY_DUPLICATE', id(12)], ['hr.csv!H902', 'ROW_VALUE_INVALID', 'soon'], ['hr.csv!A20002', 'ROW_KEY_DUPLICATE', id(12)],
    ['hr.csv!L29002', 'ROW_MALFORMED', 'one more'], ['hr.csv!H29502', 'ROW_VALUE_INVALID', '2026-02-30']])
  assert.deepEqual([result.complete, result.rows, result.setAside, [...result.suspects.keys()], result.settled], [true, count - 5, 5, ['email'], []])
  assert.deepEqual([isInOrder, north], [true, [{ department: 'Sales, "North"' }]])
})

test('a read that is stopped, and one that breaks off, end, whatever the threads are at', async () => {
  const hr = await openImport(server)
  try {
    const peopleJob = hr.revision.policy.jobs.find(isPeopleJob)!
    await hr.write(lines())
    const stop = new AbortController()
    const stopped = readSource(hr.context, hr.revision, peopleJob, stop.signal)
    setTimeout(() => stop.abort(), 150)
    const { complete } = await stopped
    assert.equal(complete, false)
    await hr.write([...lines(), `${id(count)},,"open`])
    const cut = await readSource(hr.context, hr.revision, peopleJob, new AbortController().signal)
    assert.deepEqual([cut.complete, cut.code, cut.rows], [false, 'SOURCE_TRUNCATED', count - 5])
    await hr.write([...lines(), id(count)])
    const short = await readSource(hr.context, hr.revision, peopleJob, new AbortController().signal)
    assert.deepEqual([short.complete, short.setAside, header.split(',').length], [true, 6, 11])
  } finally {
    await hr.close()
  }
})
