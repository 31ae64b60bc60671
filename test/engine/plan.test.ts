/** What a plan contains, and what it must never contain. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runLeavers } from '../../src/engine/leaver.ts'
import { appSystem, job, type Plan, type Row, type World } from './plan-fixture.ts'
import { anna, bo, openWorlds } from './worlds.ts'

const open = openWorlds()

test('first contact in observe: links are applied, memberships become found reasons, nothing is written', async () => {
  const w = await open((p) => { appSystem(p).method = 'observe' })
  w.add('anowak', { personId: '1', displayName: 'Old' })
  w.add('stranger', { displayName: 'Nobody knows' })
  w.add('root', { personId: '2' }, { protected: true })
  w.join('vpn', 'anowak')
  w.join('vpn', 'stranger')
  const plan = await w.day([anna, bo])
  assert.deepEqual(plan.systems, [
    'link anowak', 'create bo.ek observed', 'update anowak observed', 'grant anowak sellers observed',
  ])
  assert.deepEqual([plan.state, w.app.writes], ['applied', 0])
  assert.deepEqual((await w.reasons('1')).toSorted(), ['found vpn', 'rule seller', 'scope users'])
  const again = await w.plan()
  assert.deepEqual([again.state, again.systems], ['empty', ['create bo.ek observed', 'update anowak observed', 'grant anowak sellers observed']])
  assert.equal(w.app.writes, 0)
})

test('first contact with a system whose mirrors are behind finds what is there, too', async () => {
  const w = await open((p) => { appSystem(p).config = { system: 'app', settleMs: 20_000 } })
  w.add('anowak', { personId: '1' })
  w.join('vpn', 'anowak')
  await w.day([anna])
  assert.deepEqual((await w.reasons('1')).toSorted(), ['found vpn', 'rule seller', 'scope users'])
  await w.day([{ ...anna, end: '2026-06-14' }])
  assert.deepEqual([w.accounts(), w.members('vpn')], [['anowak (disabled)'], []])
})

test('found memberships stay while the person works there; what strangers and protected records have is not touched', async () => {
  const w = await open()
  w.add('anowak', { personId: '1' })
  w.add('stranger')
  w.add('root', { personId: '2' }, { protected: true })
  for (const name of ['anowak', 'stranger', 'root']) w.join('vpn', name)
  const first = await w.day([anna, bo])
  assert.deepEqual(first.systems, ['link anowak', 'create bo.ek', 'update anowak', 'grant anowak sellers'])
  assert.deepEqual(w.members('vpn'), ['anowak', 'root', 'stranger'])
  assert.deepEqual((await w.plan()).systems, [])
  const left = await w.day([{ ...anna, end: '2026-06-14' }, bo])
  assert.deepEqual(left.systems, ['disable anowak', 'revoke anowak sellers', 'revoke anowak vpn'])
  assert.deepEqual(w.members('vpn'), ['root', 'stranger'])
  assert.deepEqual([w.account('root')!.attributes, w.account('stranger')!.attributes], [{ name: 'root', personId: '2' }, { name: 'stranger' }])
})

test('a record that two people fit is nobody\'s until somebody decides', async () => {
  const w = await open((p) => { Object.assign(job(p, 'users'), { match: ['displayName'] }) })
  w.add('jsmith', { displayName: 'John Smith' })
  const plan = await w.day([{ id: '1', first: 'John', last: 'Smith' }, { id: '2', first: 'John', last: 'Smith' }])
  assert.deepEqual(plan.systems, [])
  assert.deepEqual(plan.findings.filter((f) => f.code === 'MATCH_AMBIGUOUS').length, 2)
  assert.deepEqual(w.accounts(), ['jsmith'])
  const both = await w.plan({ people: [await w.person('1'), await w.person('2')] })
  assert.deepEqual([both.state, both.systems, both.findings.map((f) => f.code)], ['empty', [], ['MATCH_AMBIGUOUS', 'MATCH_AMBIGUOUS']])
  const alone = await w.plan({ people: [await w.person('1')] })
  assert.deepEqual([alone.state, alone.systems, alone.findings.map((f) => f.code)], ['empty', [], ['MATCH_AMBIGUOUS']])
  await w.day([{ id: '1', first: 'John', last: 'Smith' }, { id: '2', first: 'Johnny', last: 'Smith' }])
  assert.deepEqual(w.accounts(), ['johnny.smith', 'jsmith'])
})

test('two John Smiths get names of their own and keep them, whoever comes and goes', async () => {
  const w = await open()
  const john = (id: string) => ({ id, first: 'John', last: 'Smith' })
  await w.day([john('1'), john('2')])
  const names = new Map([...w.app.records.values()].filter((r) => r.objectType === 'user').map((r) => [r.attributes['personId'], r.name]))
  assert.deepEqual([names.get('1'), names.get('2')].toSorted(), ['john.smith', 'john.smith2'])
  await w.day([john('1'), john('2'), john('3')])
  assert.deepEqual(w.accounts(), ['john.smith', 'john.smith2', 'john.smith3'])
  assert.deepEqual((await w.plan()).systems, [])
  for (const [personId, name] of names) assert.equal(w.account(name)?.attributes['personId'], personId)
})

test('more people than are evaluated at once: names and records are told apart among all of them', async () => {
  const w = await open((p) => { job(p, 'users').match = ['displayName'] })
  const alike = (half: string): Row[] => [
    ...Array.from({ length: 100 }, (_, n) => ({ id: `${half}${n}`, first: 'Ann', last: `Pair${n}` })),
    ...Array.from({ length: 45 }, (_, n) => ({ id: `${half}S${n}`, first: 'John', last: 'Smith' })),
  ]
  for (let n = 0; n < 100; n++) w.add(`old.${n}`, { displayName: `Ann Pair${n}` })
  // In the order of their keys so many are between the two halves that those are evaluated apart.
  const plan = await w.day([...alike('A'), ...Array.from({ length: 2000 }, (_, n) => ({ id: `O${n}` })), ...alike('Z')])
  const ofPairs = new Set(plan.findings.filter((f) => f.code === 'MATCH_AMBIGUOUS').map((f) => f.person))
  assert.deepEqual([plan.state, ofPairs.size, plan.changes.filter((c) => c.stage === 2 && ofPairs.has(c.personId))], ['applied', 200, []])
  assert.equal(w.accounts().length, 100 + 90 + 2000)
  assert.deepEqual(w.accounts().filter((name) => name.startsWith('john.smith')), ['', ...Array.from({ length: 89 }, (_, n) => n + 2)].map((n) => `john.smith${n}`).toSorted())
  const again = await w.plan()
  assert.deepEqual([again.state, again.systems], ['empty', []])
})

test('a name that an older plan meant to give and still waits for is not given to somebody else', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  const john = (id: string) => ({ id, first: 'John', last: 'Smith' })
  const first = await w.day([john('1')])
  assert.deepEqual([first.state, first.systems], ['open', ['create john.smith planned', 'grant john.smith sellers planned']])
  const second = await w.day([john('1'), john('2')])
  assert.deepEqual(second.systems.filter((s) => s.startsWith('create')), ['create john.smith planned', 'create john.smith2 planned'])
  const third = await w.day([john('1'), john('2'), john('3')])
  const applied = await w.approve(third)
  assert.equal(applied.state, 'applied')
  assert.deepEqual(w.accounts(), ['john.smith', 'john.smith2', 'john.smith3'])
})

test('a manager who is created in the same plan is referred to by its end', async () => {
  const w = await open()
  const plan = await w.day([{ ...anna, manager: '2' }, bo])
  assert.equal(plan.changes.filter((c) => c.state !== 'done').length, 0, plan.systems.join('; '))
  assert.equal(w.account('anna.nowak')!.attributes['manager'], 'bo.ek')
  assert.deepEqual((await w.plan()).systems, [])
})

test('a manager who comes later is referred to as soon as they are there', async () => {
  const w = await open()
  await w.day([{ ...anna, manager: '2' }])
  assert.equal(w.account('anna.nowak')!.attributes['manager'], undefined)
  const plan = await w.day([{ ...anna, manager: '2' }, bo])
  assert.equal(w.account('anna.nowak')!.attributes['manager'], 'bo.ek', plan.systems.join('; '))
  assert.deepEqual((await w.plan()).systems, [])
})

test('many people with managers among them: no change is refused because another one was carried out', async () => {
  const w = await open()
  const plan = await w.day(Array.from({ length: 350 }, (_, i) => ({ id: String(i + 1), manager: i === 0 ? '' : String(Math.floor(i / 5) + 1) })))
  assert.deepEqual(plan.changes.filter((c) => c.state !== 'done').map((c) => `${c.kind} ${c.subject} ${c.state}`), [])
  assert.equal(w.account('ada.no7')!.attributes['manager'], 'ada.no2')
  assert.deepEqual((await w.plan()).systems, [])
})

test('a mover gets a new name, new values and the access of the new department', async () => {
  const w = await open((p) => {
    p.roles.push({ id: 'analyst', name: 'Analyst', grants: [{ system: 'app', entitlement: 'data' }], roles: [] })
    p.rules.push({ id: 'data', name: 'Data staff', when: 'position.department == "Data"', roles: ['analyst'] })
    job(p, 'users').mapping['name'] = 'lower(person.surname)'
  })
  await w.day([anna, bo])
  const plan = await w.day([{ ...anna, last: 'Kowalska', department: 'Data' }, bo])
  assert.deepEqual(plan.systems, ['revoke nowak sellers', 'rename nowak', 'update nowak', 'grant nowak data'])
  assert.deepEqual([w.accounts(), w.members('sellers'), w.members('data')], [['ek', 'kowalska'], [], ['ek', 'kowalska']])
  assert.deepEqual((await w.plan()).systems, [])
})

test('a leaver is disabled first, then stripped, and deleted when the grace days are over', async () => {
  const w = await open()
  await w.day([anna, bo])
  const left = await w.day([{ ...anna, end: '2026-06-14' }, bo])
  assert.deepEqual(left.systems, ['disable anna.nowak', 'revoke anna.nowak sellers'])
  w.days(29)
  assert.deepEqual((await w.plan()).systems, [])
  w.days(1)
  assert.deepEqual((await w.plan()).systems, ['delete anna.nowak'])
  assert.deepEqual(w.accounts(), ['bo.ek'])
  assert.deepEqual((await w.plan()).systems, [])
})

test('the grace days begin with the end, not with a leave before it', async () => {
  const w = await open()
  const leave = { ...anna, leaveFrom: '2026-06-01', leaveUntil: '2026-09-30' }
  await w.day([leave, bo])
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
  w.days(40)
  const left = await w.day([{ ...leave, end: '2026-07-20' }, bo])
  assert.deepEqual(left.systems, ['revoke anna.nowak sellers'])
  w.days(29)
  assert.deepEqual((await w.plan()).systems, [])
  w.days(1)
  assert.deepEqual((await w.plan()).systems, ['delete anna.nowak'])
})

test('leave disables, the return enables, and access stays in between', async () => {
  const w = await open()
  const leave = { ...anna, leaveFrom: '2026-07-01', leaveUntil: '2026-07-31' }
  await w.day([leave, bo])
  assert.deepEqual(w.accounts(), ['anna.nowak', 'bo.ek'])
  w.at('2026-07-01T00:10:00Z')
  assert.deepEqual((await w.plan()).systems, ['disable anna.nowak'])
  assert.deepEqual(w.members('sellers'), ['anna.nowak'])
  w.at('2026-08-01T00:10:00Z')
  assert.deepEqual((await w.plan()).systems, ['enable anna.nowak'])
})

test('a future starter is created disabled some days before, and enabled on the day', async () => {
  const w = await open()
  const starter = { ...anna, start: '2026-07-01' }
  assert.deepEqual((await w.day([starter, bo])).systems, ['create bo.ek'])
  w.at('2026-06-24T06:00:00Z')
  assert.deepEqual((await w.plan()).systems, ['create anna.nowak', 'grant anna.nowak sellers'])
  assert.deepEqual(w.accounts(), ['anna.nowak (disabled)', 'bo.ek'])
  w.at('2026-07-01T00:05:00Z')
  assert.deepEqual((await w.plan()).systems, ['enable anna.nowak'])
  assert.deepEqual((await w.plan()).systems, [])
})

test('a rehire gets the same account again, and no access that somebody once gave by hand', async () => {
  const w = await open()
  await w.day([anna, bo])
  await w.engine.grant({ personId: await w.person('1'), entitlementId: await w.entitlement('vpn') }, 'ada')
  await w.work()
  assert.deepEqual(w.members('vpn'), ['anna.nowak'])
  const { id } = w.account('anna.nowak')!
  await w.day([{ ...anna, end: '2026-06-14' }, bo])
  assert.deepEqual([w.members('vpn'), w.accounts()], [[], ['anna.nowak (disabled)', 'bo.ek']])
  w.days(10)
  const back = await w.day([{ ...anna, end: '' }, bo])
  assert.deepEqual(back.systems, ['enable anna.nowak', 'grant anna.nowak sellers'])
  assert.deepEqual([w.account('anna.nowak')!.id, w.members('vpn')], [id, []])
})

test('after the account is deleted, the name stays with its person', async () => {
  const w = await open()
  await w.day([{ id: '1', first: 'John', last: 'Smith', end: '2026-06-20' }, bo])
  w.days(10)
  await w.plan()
  w.days(31)
  assert.deepEqual((await w.plan()).systems, ['delete john.smith'])
  await w.day([{ id: '1', first: 'John', last: 'Smith', end: '2026-06-20' }, bo, { id: '3', first: 'John', last: 'Smith' }])
  assert.deepEqual(w.accounts(), ['bo.ek', 'john.smith2'])
})

test('after a found account is deleted by hand, the name stays with its person, who waits for it where somebody else has it', async () => {
  const w = await open()
  const { id } = w.add('ana', { personId: '1' })
  await w.day([anna, bo])
  w.app.records.delete(id)
  w.add('ana', { displayName: 'Nobody knows' })
  const plan = await w.plan()
  assert.deepEqual([plan.systems, plan.findings.map((f) => f.code)], [[], ['NAME_TAKEN']])
  w.account('ana')!.name = w.account('ana')!.attributes['name'] = 'other'
  assert.deepEqual((await w.plan()).systems, ['create ana', 'grant ana sellers'])
})

test('what is wrong with somebody stays said until it is over', async () => {
  const w = await open((p) => { p.rules.push({ id: 'odd', name: 'Odd', when: 'int(person.surname) > 0', roles: ['seller'] }) })
  const said = async (): Promise<number> => (await w.pool.query(`select from finding where code = 'EXPRESSION_FAILED' and resolved_at is null`)).rowCount ?? 0
  await w.day([anna, { id: '7', first: 'Seven', last: '7' }])
  assert.equal(await said(), 1)
  assert.deepEqual([(await w.plan()).findings.map((f) => f.code), await said()], [['EXPRESSION_FAILED'], 1])
  await w.setPolicy((p) => { p.rules = p.rules.filter((r) => r.id !== 'odd') })
  assert.deepEqual([(await w.plan()).findings, await said()], [[], 0])
})

test('whoever refers to somebody without an account is not refused, because that one was to have one before', async () => {
  const w = await open()
  await w.day([anna, bo])
  // The account of the manager to be is gone, and somebody else has the name.
  w.app.records.delete(w.account('bo.ek')!.id)
  w.add('bo.ek', { displayName: 'Nobody knows' })
  const plan = await w.day([{ ...anna, last: 'Ives', manager: bo.id }, bo])
  assert.deepEqual([plan.systems, plan.findings.map((f) => f.code)], [['update anna.nowak'], ['NAME_TAKEN']])
  assert.deepEqual([(await w.plan()).systems, w.account('anna.nowak')!.attributes['displayName']], [[], 'Anna Ives'])
})

test('an edit of a role or a rule is planned for everybody whom it concerns', async () => {
  const w = await open()
  await w.day([anna, bo])
  await w.setPolicy((p) => { p.roles[0]!.grants = [{ system: 'app', entitlement: 'vpn' }] })
  assert.deepEqual((await w.plan()).systems, ['revoke anna.nowak sellers', 'grant anna.nowak vpn'])
  await w.setPolicy((p) => { p.rules[0]!.when = 'position.department == "Data"' })
  assert.deepEqual((await w.plan()).systems, ['revoke anna.nowak vpn', 'grant bo.ek vpn'])
  await w.setPolicy((p) => { p.rules = [] })
  assert.deepEqual((await w.plan()).systems, ['revoke bo.ek vpn'])
})

test('a role gives what the roles in it give, and an entitlement that two of them give goes with the last', async () => {
  const w = await open((p) => {
    p.roles.push(
      { id: 'base', name: 'Base', grants: [{ system: 'app', entitlement: 'vpn' }], roles: [] },
      { id: 'all', name: 'All', grants: [{ system: 'app', entitlement: 'sellers' }], roles: ['base', 'seller'] })
    p.rules.push({ id: 'all', name: 'All of it', when: 'position.department == "Sales"', roles: ['all'] })
  })
  await w.day([anna, bo])
  assert.deepEqual([w.members('sellers'), w.members('vpn')], [['anna.nowak'], ['anna.nowak']])
  await w.setPolicy((p) => { p.rules = p.rules.filter((r) => r.id === 'sales') })
  assert.deepEqual((await w.plan()).systems, ['revoke anna.nowak vpn'])
})

test('members of an authoritative entitlement are exactly those with a reason; elsewhere, what others gave is theirs', async () => {
  const w = await open()
  await w.day([anna, bo])
  w.join('data', 'bo.ek')
  w.join('sellers', 'bo.ek')
  assert.deepEqual((await w.plan()).systems, [])
  await w.setPolicy((p) => { appSystem(p).authoritative = ['data'] })
  assert.deepEqual((await w.plan()).systems, ['revoke bo.ek data'])
  assert.deepEqual(w.members('sellers'), ['anna.nowak', 'bo.ek'])
})

test('planned twice from the same, a plan has the same changes; computing and previewing write nothing', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  w.add('anowak', { personId: '1', displayName: 'Old' })
  await w.day([anna, bo])
  const first = await w.plan()
  const second = await w.plan()
  assert.deepEqual(second.changes.map((c) => c.hash), first.changes.map((c) => c.hash))
  assert.ok(first.changes.length > 2)
  const users = job(structuredClone((await import('./plan-fixture.ts')).basePolicy), 'users')
  assert.ok(users.source === 'people')
  const preview = await w.engine.previewJob({ job: users as never, personId: await w.person('2') })
  assert.ok(preview.steps.some((s) => s.step === 'change' && s.says.startsWith('create')), JSON.stringify(preview.steps))
  assert.deepEqual([w.app.writes, w.app.calls.create ?? 0, w.app.calls.update ?? 0, w.app.calls.grant ?? 0], [0, 0, 0, 0])
})

test('a plan for one person touches that person alone', async () => {
  const w = await open()
  await w.day([anna, bo])
  w.account('anna.nowak')!.attributes['displayName'] = 'Changed by hand'
  w.account('bo.ek')!.attributes['displayName'] = 'Changed by hand'
  const plan = await w.plan({ people: [await w.person('1')] })
  assert.deepEqual(plan.systems, ['update anna.nowak'])
  assert.equal(w.account('bo.ek')!.attributes['displayName'], 'Changed by hand')
})

test('a plan for one person says of them what a plan for everybody says', async () => {
  const w = await open()
  await w.day([anna, bo, { id: '3', first: 'Cid', last: 'Roy', manager: '1' }, { id: '4', first: 'Dora', last: 'May', department: 'Data' }])
  await w.setPolicy((p) => {
    appSystem(p).method = 'approve'
    job(p, 'users').mapping!['displayName'] = 'person.displayName + " (" + position.department + ")"'
    p.rules[0]!.when = 'position.department == "Data"'
  })
  w.account('bo.ek')!.enabled = false
  w.join('vpn', 'cid.roy')
  const everybody = await w.plan()
  const said = (changes: Plan['changes'], person: string) => changes.filter((c) => c.personId === person).map(({ id: _, ...change }) => change)
  for (const id of ['1', '2', '3', '4']) {
    const person = await w.person(id)
    const alone = await w.plan({ people: [person] })
    assert.deepEqual(said(alone.changes, person), said(everybody.changes, person))
    assert.equal(alone.state, 'open')
  }
  assert.deepEqual(everybody.systems.map((line) => line.split(' ')[0]).toSorted(), ['enable', 'grant', 'grant', 'revoke', 'revoke', 'update', 'update', 'update', 'update'])
})

test('people who are only observed make no changes in systems', async () => {
  const w = await open((p) => { job(p, 'people').method = 'observe' })
  const plan = await w.day([anna, bo])
  assert.deepEqual([...plan.people, ...plan.systems].filter((line) => !line.endsWith(' observed')), [])
  assert.deepEqual([plan.state, w.app.writes], ['empty', 0])
})

test('a system that never told all it has is not planned for; one that suddenly shows nothing is not believed', async () => {
  const w = await open()
  const staff = Array.from({ length: 6 }, (_, i) => ({ id: String(i + 1) }))
  w.add('somebody', { personId: '1' })
  w.app.faults = [{ operation: 'read', page: 1, attempt: 1, effect: 'disconnect', fired: 0 }]
  w.app.faults.push({ ...w.app.faults[0]!, attempt: 2, page: 2 })
  await w.setPolicy((p) => { appSystem(p).config['pageSize'] = 2 })
  const whole = await w.day(staff)
  const cut = await w.plan()
  for (const plan of [whole, cut]) assert.deepEqual([plan.systems, plan.findings.map((f) => f.code)], [[], ['SYSTEM_UNREACHABLE']])
  assert.deepEqual(w.app.faults.map((f) => f.fired), [1, 1])
  await w.plan()
  assert.equal(w.accounts().length, 6)
  for (const record of [...w.app.records.values()]) if (record.objectType === 'user') w.app.records.delete(record.id)
  const empty = await w.plan()
  assert.deepEqual([empty.systems, empty.findings.map((f) => f.code)], [[], ['SYSTEM_EMPTY']])
})

test('whoever was ended by hand has nothing left that a vanished row could end, and nothing waits for a release', async () => {
  const w = await open()
  await w.day([anna, bo])
  await w.engine.endPerson({ personId: await w.person('1') }, 'ada')
  await runLeavers(w.context, new AbortController().signal)
  const plan = await w.day([bo])
  assert.deepEqual([plan.state, plan.people], ['empty', []])
  // Who is taken back is missing like anybody else.
  await w.engine.liftPersonEnd(await w.person('1'), 'ada')
  await w.work()
  const missing = await w.plan()
  assert.deepEqual([missing.state, missing.people], ['held', ['disable Anna Nowak held']])
})
