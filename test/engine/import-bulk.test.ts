import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { Pool } from '../../src/store/database.ts'
import { dropIndexes } from '../../src/store/people-arrive.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, job, kinds, line, openImport } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

const badge = job('badge', { match: [['employeeId']], key: '"B" + row["Employee ID"]', mapping: { employeeId: 'row["Employee ID"]', phone: 'row["Department"]' }, position: {}, positionKey: undefined })
const day1 = [
  line({ id: 'E1' }), line({ id: 'E2', start: '2026-08-01' }), line({ id: 'E3', end: '2026-01-31', email: 'old@example.org' }),
  line({ id: 'E4', leaveFrom: '2026-06-01', leaveUntil: '2026-06-20' }), line({ id: 'E5', position: 'A', end: '2026-10-01' }), line({ id: 'E5', position: 'B', start: '2026-07-01' }),
  line({ id: 'E6', start: 'never' }), line({ id: 'E7' }), line({ id: 'E7' }), line({ id: 'E8', end: '2026-06-14' }),
]
const day2 = [...day1.slice(0, 4), line({ id: 'E9', email: 'OLD@example.org' }), line({ id: 'E10', start: '2026-06-16' }), ...day1.slice(4)]
const jobs = [job('hr', { match: [['email']] }), badge]

/** Two days of imports; everything but the ids, which are drawn. */
async function history(bulkMin: number) {
  const hr = await openImport(server, jobs, bulkMin)
  try {
    await hr.write([line({ id: 'E1', department: '555' }), line({ id: 'E77', department: '777' })], 'badge')
    const plans = [await hr.day(day1), await hr.day(day2), await hr.day(day2)]
    const { rows: pointers } = await hr.pool.query<{ people: number }>('select people from plan_arrival')
    const { rows: records } = await hr.pool.query(
      `select r.job_id, key, position_key, r.row, encode(hash, 'hex') as hash, source_name, p.attributes ->> 'employeeId' as person
         from record r join person p on p.id = r.person_id order by 1, 2, 3`)
    const { rows: overlay } = await hr.pool.query(
      `select attributes, positions, contributions, state, next_change_at from plan_person where plan_id = $1 order by attributes ->> 'employeeId'`, [plans[0]!.planId])
    return {
      bulk: pointers.reduce((sum, r) => sum + r.people, 0), records, overlay,
      people: (await hr.people()).map(({ id: _, ...person }) => person),
      plans: plans.map((p) => ({ kinds: kinds(p).sort(), codes: codes(p), subjects: p.changes.map((c) => c.subject).sort(), reasons: p.changes.map((c) => JSON.stringify(c.reasons)).sort() })),
    }
  } finally {
    await hr.close()
  }
}

test('planned in sets or one by one, people come out the same', async () => {
  const { bulk, ...inSets } = await history(0)
  const { bulk: none, ...oneByOne } = await history(Infinity)
  assert.deepEqual([bulk > 4, none], [true, 0])
  assert.deepEqual(inSets, oneByOne)
  assert.deepEqual(inSets.people.map((p) => [p.attributes['employeeId'], p.state]), [
    ['E1', 'active'], ['E10', 'before-start'], ['E2', 'before-start'], ['E4', 'on-leave'], ['E5', 'active'], ['E77', 'active'], ['E8', 'ended'], ['E9', 'active']])
  assert.deepEqual(inSets.plans[2]!.kinds, [])
})

test('keys, indexes and references that a first import took away are there again after it, also when it was killed in between', async () => {
  const hr = await openImport(server, jobs, 0)
  try {
    await hr.write([], 'badge')
    const before = await definitions(hr.pool)
    await dropIndexes(hr.pool)
    const without = await definitions(hr.pool)
    assert.ok(before.some((d) => d.includes('FOREIGN KEY')) && without.every((d) => !d.includes('FOREIGN KEY')))
    assert.ok(without.length < before.length - 8)
    await hr.day(day1)
    assert.deepEqual(await definitions(hr.pool), before)
    await dropIndexes(hr.pool)
    assert.deepEqual(await definitions(hr.pool), before, 'where people are, look-ups keep their indexes')
  } finally {
    await hr.close()
  }
})

async function definitions(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ definition: string }>(
    `select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) as definition from pg_constraint
      where 'person'::regclass in (conrelid, confrelid) or conrelid = 'record'::regclass
     union all
     select indexdef from pg_indexes where schemaname = 'usher' and tablename in ('person', 'record') order by 1`)
  return rows.map((r) => r.definition)
}
