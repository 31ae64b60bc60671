/**
 * A real directory that shows less than it has: by rules of access, by a limit, by a cookie that is lost between two
 * pages. Nobody is ended, nothing is taken away and nobody is created again; joiners and changes go on; the finding says why.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runLeavers } from '../../src/engine/leaver.ts'
import { startLossyProxy, type LossyProxy } from '../servers/lossy-proxy.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startSlapd, type Slapd } from '../servers/slapd.ts'
import { openDirectory, people, groups, usherDirectory, usherDn, type Directory } from './directory-fixture.ts'
import type { Plan, Row } from './plan-fixture.ts'

let server: TestPostgres
let slapd: Slapd
let proxy: LossyProxy
let w: Directory
const count = 24
let staff: Row[] = Array.from({ length: count }, (_, i) => ({ id: String(i + 1), first: 'Ann', last: `No${i + 1}`, department: i % 2 === 0 ? 'Sales' : 'Data' }))

before(async () => {
  ;[server, slapd] = await Promise.all([startPostgres(), startSlapd(usherDirectory)])
  proxy = await startLossyProxy(slapd.url)
  w = await openDirectory(server, slapd, () => {}, proxy.url)
  assert.deepEqual((await w.day(staff)).changes.filter((c) => c.state !== 'done').map((c) => [c.subject, c.words]), [])
  assert.deepEqual((await w.plan()).findings, [])
})
after(async () => {
  await w?.close()
  await proxy?.stop()
  await Promise.all([server?.stop(), slapd?.stop()])
})

interface Veil {
  name: string
  hide(): Promise<void> | void
  show(): Promise<void> | void
  code: string
  says: RegExp
  /** Whose department is another one meanwhile: somebody who can be seen. */
  mover: number
}

const restricted = (lines: string) => ({ hide: () => slapd.restrict(lines), show: () => slapd.restrict() })
const veils: Veil[] = [
  {
    name: 'a rule of access hides half of the people', code: 'SYSTEM_OUT_OF_CONTRACT', says: /of 24 accounts there are 12/, mover: 1,
    ...restricted(`access to dn.subtree="${people}" filter=(departmentNumber=Data) by dn.exact="${usherDn}" none by * break`),
  },
  {
    name: 'a rule of access hides the attribute by which they are known', code: 'SYSTEM_OUT_OF_CONTRACT', says: /attribute "employeeNumber" was filled in 100 % of the accounts and is in 0 %/, mover: 3,
    ...restricted(`access to dn.subtree="${people}" attrs=employeeNumber by dn.exact="${usherDn}" none by * break`),
  },
  {
    name: 'a rule of access hides the members of groups', code: 'SYSTEM_OUT_OF_CONTRACT', says: /of \d+ memberships there are 0/, mover: 5,
    ...restricted(`access to dn.subtree="${groups}" attrs=member by dn.exact="${usherDn}" none by * break`),
  },
  {
    name: 'a rule of access hides all people', code: 'SYSTEM_EMPTY', says: /no account at all/, mover: 7,
    ...restricted(`access to dn.children="${people}" by dn.exact="${usherDn}" none by * break`),
  },
  {
    name: 'a search ends at a size limit', code: 'SYSTEM_READ_INCOMPLETE', says: /sizeLimitExceeded/, mover: 9,
    ...restricted(`limits dn.exact="${usherDn}" size.soft=15 size.hard=15 size.prtotal=15`),
  },
  {
    name: 'the cookie of the second page is lost', code: 'SYSTEM_READ_INCOMPLETE', says: /cookie/, mover: 11,
    hide: () => { proxy.loseFrom = 2 }, show: () => { proxy.loseFrom = null },
  },
]

const taking = (plan: Plan): string[] => plan.systems.filter((s) => /^(disable|delete|revoke)/.test(s))

for (const [at, { name, hide, show, code, says, mover }] of veils.entries()) {
  test(`${name}: a finding, nobody is ended and nobody created again`, async () => {
    const before = { entries: w.entries().length, sales: w.numbersIn('sales'), data: w.numbersIn('data') }
    await hide()
    staff = [...staff.map((row) => (row.id === String(mover) ? { ...row, last: `Moved${at}` } : row)), { id: String(100 + at), first: 'Joy', last: `Joiner${at}`, department: 'Sales' }]
    const plan = await w.day(staff)
    const [found, ...others] = plan.findings.filter((f) => f.system === 'directory')
    assert.deepEqual([found?.code, others, taking(plan)], [code, [], []], `${found?.message}`)
    assert.match(found!.message, says)
    assert.deepEqual(w.disabled(), [])
    const created = plan.changes.filter((c) => c.stage === 2 && c.kind === 'create').map((c) => c.subject)
    assert.ok(created.every((dn) => /joiner/.test(dn)), created.join())
    const { rows: [known] } = await w.pool.query<{ n: number }>(`select count(*)::int as n from account where system_id = 'directory' and gone_at is null`)
    assert.ok(known!.n >= before.entries, `${known!.n} of ${before.entries} accounts are still known`)

    // One person at a time, too: what cannot be seen now is not gone.
    for (const id of ['2', '4']) assert.deepEqual((await w.plan({ people: [await w.person(id)] })).systems.filter((s) => !s.startsWith('update')), [], `person ${id}`)

    await show()
    const whole = await w.plan()
    assert.deepEqual([whole.findings.filter((f) => f.system === 'directory'), taking(whole), whole.systems.filter((s) => s.startsWith('create') && !/joiner/.test(s))], [[], [], []])
    await w.settle()
    assert.deepEqual((await w.plan()).systems, [], 'everything is as it should be')
    assert.equal(w.entries().length, before.entries + 1)
    assert.equal(w.entry(String(mover))!['sn']![0], `Moved${at}`)
    assert.deepEqual([w.numbersIn('data'), w.numbersIn('sales').filter((n) => Number(n) < 100 + at)], [before.data, before.sales])
    assert.deepEqual(w.disabled(), [])
  })
}

test('somebody who leaves while nobody can see their account is not taken for gone', async () => {
  const id = await w.person('2')
  await slapd.restrict(`access to dn.subtree="${people}" filter=(departmentNumber=Data) by dn.exact="${usherDn}" none by * break`)
  await w.plan()
  staff = staff.map((row) => (row.id === '2' ? { ...row, end: '2026-06-14' } : row))
  await w.day(staff)
  await runLeavers(w.context, new AbortController().signal)
  const { rows: [seen] } = await w.pool.query<{ gone: boolean; enabled: boolean }>(`select gone_at is not null as gone, enabled from account where person_id = $1`, [id])
  assert.deepEqual([seen, w.disabled()], [{ gone: false, enabled: true }, []])
  await slapd.restrict()
  w.days(1)
  await w.plan()
  await w.settle()
  assert.deepEqual([w.disabled(), w.numbersIn('data').includes('2')], [['2'], false])
})

test('what must be readable of accounts is a condition from the first read on', async () => {
  const demand = (attributes?: object) => w.setPolicy((p) => {
    Object.assign(p.systems.find((s) => s.id === 'directory')!, { completeness: { maxShrink: 0.3, maxEmptier: 0.2, ...(attributes === undefined ? {} : { attributes }) } })
  })
  await demand({ telephoneNumber: { maxEmpty: 0.5 } })
  const plan = await w.plan()
  assert.deepEqual([plan.findings.map((f) => f.code), plan.systems], [['SYSTEM_OUT_OF_CONTRACT'], []])
  assert.match(plan.findings[0]!.message, /attribute "telephoneNumber" is empty in 100 % of the accounts \(at most 50 % allowed\)/)
  await demand({ mail: { maxEmpty: 0 } })
  assert.deepEqual((await w.plan()).findings, [])
  await demand()
})

test('a list proven whole that lacks three makes exactly those three leave', async () => {
  await w.setPolicy((p) => {
    p.systems.find((s) => s.id === 'hr')!.config['completeness'] = { trailer: { pattern: '^TOTAL (\\d+)$' } }
    const job = p.jobs.find((j) => j.id === 'people')!
    if ('completeness' in job) job.completeness = { maxShrink: 0.2, vanishedEnds: true }
  })
  const before = { disabled: w.disabled(), sales: w.numbersIn('sales'), data: w.numbersIn('data') }
  const gone = ['5', '6', '7']
  await w.hr([...staff.filter((row) => !gone.includes(row.id)), { id: `TOTAL ${staff.length - gone.length}`, first: '', last: '', department: '', start: '' }])
  const plan = await w.plan()
  assert.deepEqual(plan.findings, [])
  assert.deepEqual(w.disabled().filter((n) => !before.disabled.includes(n)), gone)
  const less = (numbers: string[]): string[] => numbers.filter((n) => !gone.includes(n))
  assert.deepEqual([w.numbersIn('sales'), w.numbersIn('data')], [less(before.sales), less(before.data)])
})
