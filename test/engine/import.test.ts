import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, job, kinds, line, openImport, type Import } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

/** A test with an import of its own. */
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

const three = [line({ id: 'E1' }), line({ id: 'E2', first: 'Grace', last: 'Hopper', manager: 'E1' }), line({ id: 'E3', first: 'Alan', last: 'Turing', end: '2026-12-31' })]

importing('the first import makes people; the same file again plans nothing', async (hr) => {
  const first = await hr.day(three)
  assert.deepEqual(kinds(first), ['create planned', 'create planned', 'create planned'])
  assert.deepEqual(first.changes.map((c) => c.subject).sort(), ['Ada Lovelace', 'Alan Turing', 'Grace Hopper'])
  assert.deepEqual(first.changes[0]!.reasons[0], { because: 'new-row', source: 'hr.csv', row: 2, cells: ['hr.csv!A2'] })
  const people = await hr.people()
  assert.deepEqual(people.map((p) => p.state), ['active', 'active', 'active'])
  assert.deepEqual(people.map((p) => p.id).sort(), first.changes.map((c) => c.person_id).sort())
  assert.equal(people[1]!.attributes['manager'], 'E1')
  assert.equal(people[2]!.next_change_at, '2026-12-31T23:00:00.000Z')
  const { rows: audit } = await hr.pool.query(`select action from audit order by id`)
  assert.deepEqual(audit.map((a) => a.action), ['people.apply', 'change.create.done', 'change.create.done', 'change.create.done'])
  const again = await hr.day(three)
  assert.deepEqual([again.changes, codes(again)], [[], []])
})

importing('a changed cell is one update that names its cell; the old state stays as a version', async (hr) => {
  await hr.day(three)
  const planned = await hr.day([line({ id: 'E1', last: 'King' }), ...three.slice(1)])
  assert.deepEqual(kinds(planned), ['update planned'])
  const [change] = planned.changes
  assert.equal((change!.before as { attributes: { surname: string } }).attributes.surname, 'Lovelace')
  assert.equal((change!.after as { attributes: { surname: string } }).attributes.surname, 'King')
  assert.equal('givenName' in (change!.after as { attributes: object }).attributes, false)
  assert.deepEqual(change!.reasons[0], { because: 'row-changed', source: 'hr.csv', row: 2, cells: ['hr.csv!D2', 'hr.csv!E2'] })
  assert.equal((await hr.person('E1')).attributes['displayName'], 'Ada King')
  const { rows } = await hr.pool.query(`select attributes ->> 'displayName' as name from person_version`)
  assert.deepEqual(rows, [{ name: 'Ada Lovelace' }])
})

importing('an emptied cell clears the value', async (hr) => {
  await hr.day(three)
  const planned = await hr.day([three[0]!, line({ id: 'E2', first: 'Grace', last: 'Hopper' }), three[2]!])
  assert.deepEqual(planned.changes[0]!.before, { attributes: { manager: 'E1' } })
  assert.equal('manager' in (await hr.person('E2')).attributes, false)
})

importing('moved rows are no change, and are known by their new place', async (hr) => {
  await hr.day(three)
  const planned = await hr.day(three.toReversed())
  assert.deepEqual(planned.changes, [])
  const { rows } = await hr.pool.query('select key, row from record order by key')
  assert.deepEqual(rows, [{ key: 'E1', row: 4 }, { key: 'E2', row: 3 }, { key: 'E3', row: 2 }])
})

importing('several rows of one key are several positions of one person', async (hr) => {
  await hr.day([line({ id: 'E1', position: 'P1' }), line({ id: 'E1', position: 'P2', department: 'Legal', start: '2025-01-01' })])
  const person = await hr.person('E1')
  assert.deepEqual(person.positions.map((p) => [p.key, p.attributes['department']]), [['hr/E1/P1', 'Sales'], ['hr/E1/P2', 'Legal']])
  const planned = await hr.day([line({ id: 'E1', position: 'P1', end: '2026-06-01' }), line({ id: 'E1', position: 'P2', department: 'Legal', start: '2025-01-01' })])
  assert.deepEqual(kinds(planned), ['update planned'])
  assert.equal((await hr.person('E1')).state, 'active')
})

importing('a stated end date ends the person; a further row under the same key brings them back', async (hr) => {
  await hr.day(three)
  const left = await hr.day([line({ id: 'E1', end: '2026-06-14' }), ...three.slice(1)])
  assert.deepEqual(kinds(left), ['disable planned'])
  const ended = await hr.person('E1')
  assert.equal(ended.state, 'ended')
  const back = await hr.day([line({ id: 'E1', end: '2026-06-14' }), line({ id: 'E1', position: 'P2', start: '2026-06-15' }), ...three.slice(1)])
  assert.deepEqual(kinds(back), ['enable planned'])
  const again = await hr.person('E1')
  assert.deepEqual([again.id, again.state, again.positions.length], [ended.id, 'active', 2])
})

importing('a rehire under a new key is found by a match rule', async (hr) => {
  await hr.day([line({ id: 'E1', end: '2026-01-31', email: 'ada@example.org' }), three[1]!])
  const ended = await hr.person('E1')
  const planned = await hr.day([line({ id: 'E1', end: '2026-01-31', email: 'ada@example.org' }), three[1]!, line({ id: 'E9', email: 'ADA@example.org', start: '2026-06-01' })])
  assert.deepEqual(kinds(planned), ['enable planned'])
  const person = await hr.person('E9')
  assert.deepEqual([person.id, person.state, person.positions.map((p) => p.key)], [ended.id, 'active', ['hr/E1/', 'hr/E9/']])
  assert.deepEqual((await hr.day([line({ id: 'E1', end: '2026-01-31', email: 'ada@example.org' }), three[1]!, line({ id: 'E9', email: 'ADA@example.org', start: '2026-06-01' })])).changes, [])
}, [job('hr', { match: [['email'], ['givenName', 'surname']] })])

for (const decision of ['one of them', 'a new person'] as const) {
  importing(`a row that fits two people waits; decided: ${decision}`, async (hr) => {
    const two = [line({ id: 'E1', first: 'John', last: 'Smith', end: '2025-01-01' }), line({ id: 'E2', first: 'John', last: 'Smith', end: '2025-02-01' })]
    hr.setPolicy([job('hr')])
    await hr.day(two)
    hr.setPolicy([job('hr', { match: [['givenName', 'surname']] })])
    const rows = [...two, line({ id: 'E3', first: 'John', last: 'Smith' }), line({ id: 'E4', first: 'Grace', last: 'Hopper' })]
    const planned = await hr.day(rows)
    assert.deepEqual(kinds(planned), ['create planned'])
    assert.deepEqual(codes(planned), ['MATCH_AMBIGUOUS'])
    const { rows: cases } = await hr.pool.query<{ id: string; key: string; candidates: string[] }>('select id, key, candidates from match_case')
    assert.deepEqual([cases.length, cases[0]!.key, cases[0]!.candidates.length], [1, 'E3', 2])
    await hr.plan()
    assert.equal((await hr.pool.query('select from match_case')).rowCount, 1)
    const one = await hr.person('E2')
    await hr.pool.query(`update match_case set decided_at = $1, decided_by = 'test', person_id = $2`, [hr.context.now(), decision === 'one of them' ? one.id : null])
    const after = await hr.day(rows)
    assert.deepEqual(kinds(after), [decision === 'one of them' ? 'enable planned' : 'create planned'])
    assert.equal((await hr.person('E3')).id === one.id, decision === 'one of them')
    assert.deepEqual([(await hr.day(rows)).changes], [[]])
  })
}

importing('somebody who is here is not taken for their namesake', async (hr) => {
  await hr.day([line({ id: 'E1', first: 'John', last: 'Smith' })])
  const planned = await hr.day([line({ id: 'E1', first: 'John', last: 'Smith' }), line({ id: 'E2', first: 'John', last: 'Smith' })])
  assert.deepEqual([planned.changes, codes(planned)], [[], ['MATCH_AMBIGUOUS']])
}, [job('hr', { match: [['givenName', 'surname']] })])

for (const decision of ['the same', 'another'] as const) {
  importing(`a key that comes back with another identity waits; decided: ${decision}`, async (hr) => {
    const old = line({ id: 'E1', end: '2025-01-01' })
    await hr.day([old, three[1]!])
    const ended = await hr.person('E1')
    const rows = [line({ id: 'E1', first: 'Linus', last: 'Torvalds', start: '2026-06-01' }), three[1]!]
    const planned = await hr.day(rows)
    assert.deepEqual([planned.changes, codes(planned)], [[], ['MATCH_CONTRADICTED']])
    await hr.pool.query(`update match_case set decided_at = $1, decided_by = 'test', person_id = $2`, [hr.context.now(), decision === 'the same' ? ended.id : null])
    const after = await hr.day(rows)
    assert.deepEqual(kinds(after), [decision === 'the same' ? 'enable planned' : 'create planned'])
    const people = (await hr.people()).filter((p) => p.attributes['employeeId'] === 'E1')
    assert.equal(people.length, decision === 'the same' ? 1 : 2)
    const linus = people.find((p) => p.attributes['givenName'] === 'Linus')!
    assert.deepEqual([linus.state, linus.id === ended.id], ['active', decision === 'the same'])
    assert.deepEqual((await hr.day(rows)).changes, [])
  })
}

for (const decision of ['the same', 'another'] as const) {
  importing(`a key that another identity takes while its person is here waits, and nobody gets their accounts; decided: ${decision}`, async (hr) => {
    await hr.day(three)
    const here = await hr.person('E1')
    const rows = [line({ id: 'E1', first: 'Linus', last: 'Torvalds', start: '2026-06-01' }), ...three.slice(1)]
    for (let again = 0; again < 2; again++) {
      const planned = await hr.day(rows)
      assert.deepEqual([planned.changes, codes(planned)], [[], ['MATCH_CONTRADICTED']])
    }
    await hr.pool.query(`update match_case set decided_at = $1, decided_by = 'test', person_id = $2`, [hr.context.now(), decision === 'the same' ? here.id : null])
    if (decision === 'another') {
      const waiting = await hr.day(rows)
      assert.deepEqual([waiting.changes, (await hr.pool.query('select from match_case')).rowCount], [[], 1])
      assert.match(waiting.findings[0]!.message, /somebody else's now, while Ada Lovelace, whose it was, has not ended/)
      await hr.pool.query(`update person set state = 'ended' where id = $1`, [here.id])
    }
    assert.deepEqual(kinds(await hr.day(rows)), [decision === 'the same' ? 'update planned' : 'create planned'])
    const linus = (await hr.people()).find((p) => p.attributes['givenName'] === 'Linus')!
    assert.deepEqual([linus.state, linus.id === here.id], ['active', decision === 'the same'])
    assert.deepEqual((await hr.day(rows)).changes, [])
  })
}

importing('first and last name that a mapping had the wrong way round are put right for everybody, without a question', async (hr) => {
  const { email: _, ...mapping } = job('hr').mapping
  hr.setPolicy([job('hr', { mapping: { ...mapping, givenName: mapping.surname, surname: mapping.givenName } })])
  await hr.day(three)
  hr.setPolicy([job('hr', { mapping })])
  const planned = await hr.day(three)
  assert.deepEqual([kinds(planned), codes(planned)], [Array(3).fill('update planned'), []])
})

importing('rows with the same key are all set aside, and come back when mended', async (hr) => {
  await hr.day(three)
  const planned = await hr.day([...three, line({ id: 'E1', first: 'Other' }), line({ id: 'E4', start: '31.02.2026' })])
  assert.deepEqual([planned.changes, codes(planned), planned.snapshots[0]!.setAside], [[], ['ROW_SET_ASIDE'], 3])
  const { rows } = await hr.pool.query('select address, code, value, expected from set_aside order by code, row')
  assert.deepEqual(rows, [
    { address: 'hr.csv!A2', code: 'ROW_KEY_DUPLICATE', value: 'E1', expected: 'a key of its own; hr.csv!A5 has the same' },
    { address: 'hr.csv!A5', code: 'ROW_KEY_DUPLICATE', value: 'E1', expected: 'a key of its own; hr.csv!A2 has the same' },
    { address: 'hr.csv!H6', code: 'ROW_VALUE_INVALID', value: '31.02.2026', expected: 'a date such as 2026-11-21' },
  ])
  const mended = await hr.day([...three, line({ id: 'E4', start: '2026-02-28' })])
  assert.deepEqual([kinds(mended), codes(mended)], [['create planned'], []])
})

importing('a row that cannot be used leaves its key to no other', async (hr) => {
  const rows = [line({ id: 'E1', start: '31.02.2026' }), line({ id: 'E1', first: 'Other' }), line({ id: 'E2' })]
  const planned = await hr.day(rows)
  assert.deepEqual([kinds(planned), planned.snapshots[0]!.setAside], [['create planned'], 2])
  const { rows: aside } = await hr.pool.query('select address, code, column_name, expected from set_aside order by row')
  assert.deepEqual(aside, [
    { address: 'hr.csv!H2', code: 'ROW_VALUE_INVALID', column_name: 'Start date', expected: 'a date such as 2026-11-21' },
    { address: 'hr.csv!A3', code: 'ROW_KEY_DUPLICATE', column_name: 'Employee ID', expected: 'a key of its own; hr.csv!A2 has the same' },
  ])
  const mended = await hr.day([line({ id: 'E1' }), rows[2]!])
  assert.deepEqual(kinds(mended), ['create planned'])
})

importing('a required value, a missing key and an end before the start set their row aside', async (hr) => {
  const planned = await hr.day([three[0]!, line({ id: '', first: 'No' }), line({ id: 'E5', start: '2026-03-01', end: '2026-02-01' })])
  assert.deepEqual([kinds(planned), planned.snapshots[0]!.setAsideUnknown], [['create planned'], 1])
  const { rows } = await hr.pool.query('select address, key, code, expected from set_aside order by row')
  assert.deepEqual(rows, [
    { address: 'hr.csv!A3', key: null, code: 'ROW_KEY_MISSING', expected: 'a key' },
    { address: 'hr.csv!I4', key: 'E5', code: 'ROW_VALUE_INVALID', expected: 'a date not before 2026-03-01' },
  ])
})

importing('who starts later becomes active by time, who goes on leave comes back by time', async (hr) => {
  const rows = [line({ id: 'E1', start: '2026-07-01' }), line({ id: 'E2', leaveFrom: '2026-06-20', leaveUntil: '2026-06-30' }), line({ id: 'E3', end: '2026-06-30' })]
  await hr.day(rows)
  const states = async (): Promise<string[]> => (await hr.people()).map((p) => p.state)
  assert.deepEqual(await states(), ['before-start', 'active', 'active'])
  hr.setNow('2026-06-20T08:00:00.000Z')
  const leave = await hr.day(rows)
  assert.deepEqual([kinds(leave), leave.changes[0]!.reasons[0]!.because], [['update planned'], 'state'])
  assert.deepEqual(await states(), ['before-start', 'on-leave', 'active'])
  hr.setNow('2026-06-30T22:00:00.000Z')
  const july = await hr.day(rows)
  assert.deepEqual(kinds(july).sort(), ['disable planned', 'update planned', 'update planned'])
  assert.deepEqual(await states(), ['active', 'active', 'ended'])
  assert.deepEqual((await hr.day(rows)).changes, [])
})

importing('two sources make one person; the first job of the policy decides where both have a value', async (hr) => {
  const badge = job('badge', { match: [['employeeId']], mapping: { employeeId: 'row["Employee ID"]', displayName: '"Badge"', phone: 'row["Department"]' }, position: {}, positionKey: undefined })
  hr.setPolicy([job('hr'), badge])
  await hr.write([line({ id: 'E1', department: '555' })], 'badge')
  const planned = await hr.day([line({ id: 'E1' })])
  assert.deepEqual(kinds(planned), ['create planned'])
  const person = await hr.person('E1')
  assert.deepEqual([person.attributes['displayName'], person.attributes['phone'], person.positions.length], ['Ada Lovelace', '555', 2])
  assert.deepEqual((await hr.day([line({ id: 'E1' })])).changes, [])
  await hr.day([line({ id: 'E1', last: 'King' })])
  assert.deepEqual([(await hr.person('E1')).attributes['displayName'], (await hr.person('E1')).attributes['phone']], ['Ada King', '555'])
})

importing('a manager who is not there yet is named, until they appear', async (hr) => {
  const planned = await hr.day(three.slice(1))
  assert.match(planned.findings.find((f) => f.code === 'REFERENCE_UNRESOLVED')!.message, /Grace Hopper/)
  assert.deepEqual((await hr.day(three)).findings, [])
})

importing('a job that only observes plans, and changes nobody', async (hr) => {
  const planned = await hr.day(three)
  assert.deepEqual(kinds(planned), ['create observed', 'create observed', 'create observed'])
  assert.deepEqual(await hr.people(), [])
}, [job('hr', { method: 'observe' })])
