/** Drift: what somebody changes in a system by hand is found, shown with before and after, and settled by a decision. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trace } from '../../src/connectors/connector.ts'
import { traceSentence } from '../../src/domain/drift-words.ts'
import { UsherError } from '../../src/domain/errors.ts'
import { searchDrift } from '../../src/store/drift-views.ts'
import { appSystem, type World } from './plan-fixture.ts'
import { anna, bo, cy, openWorlds } from './worlds.ts'

const open = openWorlds()
const staff = [anna, bo, cy]

interface Found { id: string; says: string; was: unknown; isNow: unknown; settledHow: string | null }

async function found(w: World, settled = false): Promise<Found[]> {
  const { rows } = await w.pool.query<Found>(
    `select d.id, a.name || ' ' || d.kind || ' ' || coalesce(d.attribute, e.name, d.thing) as says, d.was, d.is_now as "isNow", d.settled_how as "settledHow"
       from drift d join account a on a.id = d.account_id left join entitlement e on e.id = d.entitlement_id
      where (d.settled_at is not null) = $1 order by 2`, [settled])
  return rows
}
const says = async (w: World): Promise<string[]> => (await found(w)).map((f) => f.says)

/** A value, a membership taken, a membership added, an account disabled: all by hand. */
function byHand(w: World): void {
  w.account('anna.nowak')!.attributes['displayName'] = 'By hand'
  w.app.members.get(w.group('sellers').id)!.delete(w.account('cy.lee')!.id)
  w.join('vpn', 'bo.ek')
  w.account('bo.ek')!.enabled = false
}
const four = ['anna.nowak changed displayName', 'bo.ek changed enabled', 'bo.ek extra vpn', 'cy.lee changed sellers']

async function approving(): Promise<World> {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.approve(await w.day(staff))
  await w.plan()
  return w
}

test('hand edits are found with before and after; what policy or people changed is none', async () => {
  const w = await approving()
  byHand(w)
  const plan = await w.day([{ ...anna, last: 'Nowak', department: 'Data' }, bo, { ...cy, last: 'Leigh' }])
  assert.deepEqual(plan.systems.toSorted(), ['enable bo.ek planned', 'grant cy.lee sellers planned', 'revoke anna.nowak sellers planned', 'update anna.nowak planned', 'update cy.lee planned'])
  assert.deepEqual(await says(w), four)
  const [value, state, extra, lost] = await found(w)
  assert.deepEqual([value!.was, value!.isNow], ['Anna Nowak', 'By hand'])
  assert.deepEqual([state!.was, state!.isNow, extra!.was, extra!.isNow, lost!.was, lost!.isNow], [true, false, false, true, true, false])
  const { rows } = await w.pool.query<{ subject: string; kind: string }>(`select subject, kind from plan_change where plan_id = $1 and reasons @> '[{"because":"drifted"}]' order by 1`, [plan.id])
  assert.deepEqual(rows.map((r) => `${r.kind} ${r.subject}`), ['update anna.nowak', 'enable bo.ek', 'grant cy.lee'])
  // Seen again, it is the same; put right by hand, it agrees.
  w.account('anna.nowak')!.attributes['displayName'] = 'Anna Nowak'
  await w.plan()
  assert.deepEqual(await says(w), four.slice(1))
  assert.deepEqual((await found(w, true)).map((f) => [f.says, f.settledHow]), [['anna.nowak changed displayName', 'agrees']])
})

test('a change that waits for approval is no drift, nor is the first sight of a system', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  w.add('anna.old', { personId: '1', displayName: 'Another' })
  await w.day(staff)
  await w.plan()
  assert.deepEqual(await says(w), [])
  await w.approve(await w.newest())
  await w.day([{ ...anna, last: 'Ek' }, bo, cy])
  await w.day([{ ...anna, last: 'Ek' }, bo, cy])
  await w.plan({ people: [await w.person('1')] })
  assert.deepEqual(await says(w), [])
})

test('automatic jobs put it back by themselves, unless the system says report', async () => {
  const w = await open()
  await w.day(staff)
  await w.plan()
  byHand(w)
  const plan = await w.plan()
  assert.deepEqual([plan.state, plan.systems.toSorted()], ['applied', ['enable bo.ek', 'grant cy.lee sellers', 'update anna.nowak']])
  assert.deepEqual((await found(w, true)).map((f) => f.settledHow), ['put-back', 'put-back', 'put-back'])
  assert.deepEqual(await says(w), ['bo.ek extra vpn'])

  await w.setPolicy((p) => { appSystem(p).drift = 'report' })
  w.account('anna.nowak')!.attributes['displayName'] = 'By hand'
  const reported = await w.day([anna, bo, { ...cy, last: 'Leigh' }])
  assert.deepEqual([reported.state, reported.systems.toSorted()], ['open', ['update anna.nowak planned', 'update cy.lee']])
  assert.equal(w.account('anna.nowak')!.attributes['displayName'], 'By hand')
})

test('where the system says report, what a deleted account is to get waits with the account', async () => {
  const w = await open((p) => { appSystem(p).drift = 'report' })
  await w.day([anna, bo])
  const { id } = w.account('anna.nowak')!
  w.app.records.delete(id)
  for (const members of w.app.members.values()) members.delete(id)
  const plan = await w.plan()
  assert.deepEqual([plan.state, plan.systems], ['open', ['create anna.nowak planned', 'grant anna.nowak sellers planned']])
  assert.deepEqual((await w.approve(plan)).systems, ['create anna.nowak', 'grant anna.nowak sellers'])
})

test('put back: a plan of exactly these, also of access that nobody granted', async () => {
  const w = await approving()
  byHand(w)
  await w.plan()
  const [value, , extra] = await found(w)
  const { planId } = await w.engine.putBackDrift([value!.id, extra!.id], 'ada')
  await w.work()
  const plan = await w.shown(planId)
  assert.deepEqual([plan.state, plan.systems.toSorted()], ['open', ['revoke bo.ek vpn planned', 'update anna.nowak planned']])
  const done = await w.approve(plan)
  assert.deepEqual([done.systems.toSorted(), w.members('vpn'), w.account('anna.nowak')!.attributes['displayName']], [['revoke bo.ek vpn', 'update anna.nowak'], [], 'Anna Nowak'])
  assert.deepEqual(await says(w), [four[1], four[3]])
  const rest = await w.engine.putBackDrift((await found(w)).map((f) => f.id), 'ada')
  await w.work()
  await w.approve(await w.shown(rest.planId))
  assert.deepEqual([await says(w), (await w.plan()).systems, w.accounts()], [[], [], ['anna.nowak', 'bo.ek', 'cy.lee']])
})

test('put back refuses what changed between review and approval', async () => {
  const w = await approving()
  byHand(w)
  await w.plan()
  const { planId } = await w.engine.putBackDrift([(await found(w))[0]!.id], 'ada')
  await w.work()
  w.account('anna.nowak')!.attributes['displayName'] = 'By another hand'
  assert.deepEqual((await w.approve(await w.shown(planId))).systems, ['update anna.nowak refused'])
  assert.equal(w.account('anna.nowak')!.attributes['displayName'], 'By another hand')
})

test('adopted, it is right as it is: a reason for access, an exception for the rest', async () => {
  const w = await approving()
  byHand(w)
  await w.plan()
  await w.engine.adoptDrift((await found(w)).map((f) => f.id), 'agreed', 'ada')
  assert.deepEqual([(await w.plan()).systems, await says(w)], [[], []])
  assert.deepEqual(await w.reasons('2'), ['scope users', 'manual vpn'])
  const personId = await w.person('2')
  const { rows: [reason] } = await w.pool.query<{ id: string }>(`select id from reason where person_id = $1 and kind = 'manual'`, [personId])
  const { planId } = await w.engine.endReason(reason!.id, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(planId)).systems, ['revoke bo.ek vpn planned'], 'adopted, it ends like everything that Usher gave')
  const { rows: exceptions } = await w.pool.query<{ id: string; thing: string }>('select id, thing from exception where ended_at is null order by thing')
  assert.deepEqual(exceptions.map((x) => x.thing), ['attribute', 'enabled', 'entitlement'])
  const ended = await w.engine.endException(exceptions[0]!.id, 'ada')
  await w.work()
  assert.deepEqual((await w.shown(ended.planId)).systems, ['update anna.nowak planned'])
})

test('left until a date, nothing is done about it until then', async () => {
  const w = await approving()
  byHand(w)
  await w.plan()
  const ids = (await found(w)).map((f) => f.id)
  await assert.rejects(w.engine.leaveDrift(ids, '2020-01-01T00:00:00Z', '', 'ada'), (e) => e instanceof UsherError && e.code === 'INVALID_INPUT')
  await w.engine.leaveDrift(ids, '2026-06-20T00:00:00Z', 'until the project ends', 'ada')
  assert.deepEqual([(await w.plan()).systems, await says(w)], [[], []])
  await assert.rejects(w.engine.leaveDrift(ids, '2026-06-21T00:00:00Z', '', 'ada'), (e) => e instanceof UsherError && e.code === 'NOT_FOUND')
  // Each stands among the reasons, with who decided it, why, and until when.
  const left = await Promise.all(['1', '2', '3'].map(async (id) => (await w.engine.why(await w.person(id))).exceptions))
  assert.deepEqual(left.map((own) => own.map((x) => x.says)), [
    ['displayName of anna.nowak is left as it is.'], ['bo.ek is left disabled.', 'bo.ek is left with vpn.'], ['cy.lee is left without sellers.']])
  assert.deepEqual([left[2]![0]!.by, left[2]![0]!.note, left[2]![0]!.until], ['ada', 'until the project ends', '2026-06-20T00:00:00.000Z'])
  const sellers = { entitlementId: left[2]![0]!.entitlementId! }
  assert.deepEqual((await w.engine.whyNot(await w.person('3'), sellers)).exceptions.map((x) => x.says), ['cy.lee is left without sellers.'])
  assert.deepEqual((await w.engine.whyNot(await w.person('1'), sellers)).exceptions, [])
  const decidedAt = left[0]![0]!.from
  w.at('2026-06-20T00:00:00Z')
  assert.deepEqual([(await w.plan()).systems.length, await says(w)], [3, four])
  assert.deepEqual((await w.engine.why(await w.person('1'))).exceptions, [])
  assert.equal((await w.engine.why(await w.person('1'), decidedAt)).exceptions.length, 1, 'of a past instant it still says so')
})

test('access that is kept by an exception is not kept for somebody who leaves, and the reasons do not say so', async () => {
  const w = await approving()
  w.join('vpn', 'bo.ek')
  await w.plan()
  await w.engine.leaveDrift((await found(w)).map((f) => f.id), '2026-07-20T00:00:00Z', '', 'ada')
  assert.equal((await w.engine.why(await w.person('2'))).exceptions.length, 1)
  await w.approve(await w.day([anna, { ...bo, end: '2026-06-10' }, cy]))
  assert.deepEqual((await w.engine.why(await w.person('2'))).exceptions, [])
})

test('who did it is known as far as the system says', async () => {
  const w = await approving()
  byHand(w)
  const [anna1, bo2, cy3] = ['anna.nowak', 'bo.ek', 'cy.lee'].map((name) => w.account(name)!.id)
  w.app.traces = new Map<string, Trace>([
    [anna1!, { of: 'account', at: '2026-06-15T09:00:00Z', by: 'helga' }],
    [`${bo2} ${w.group('vpn').id}`, { of: 'membership', by: 'root' }],
    // Long before it was last seen right: another change, by somebody else.
    [`${cy3} ${w.group('sellers').id}`, { of: 'entitlement', at: '2020-01-01T00:00:00Z', by: 'somebody else' }],
  ])
  await w.plan()
  const shown = (await searchDrift(w.pool, { settled: false, limit: 10 })).items
  assert.deepEqual(shown.map((d) => `${d.account} ${d.thing}: ${d.trace === null ? 'unknown' : traceSentence(d.trace)}`).toSorted(), [
    'anna.nowak attribute: The account was last changed by helga.', 'bo.ek enabled: unknown', 'bo.ek entitlement: It was granted by root.', 'cy.lee entitlement: unknown'])
})

test('an account that somebody deleted is found as gone, and one that somebody enabled again after its person left', async () => {
  const w = await approving()
  w.app.records.delete(w.account('anna.nowak')!.id)
  await w.approve(await w.day([anna, bo, { ...cy, end: '2026-06-14' }]))
  await w.plan()
  w.account('cy.lee')!.enabled = true
  w.app.records.delete(w.account('bo.ek')!.id)
  const plan = await w.plan()
  assert.deepEqual(plan.systems, ['disable cy.lee planned', 'create bo.ek planned'])
  assert.deepEqual(await says(w), ['bo.ek gone account', 'cy.lee changed enabled'])
  await w.engine.leaveDrift((await found(w)).map((f) => f.id), '2026-07-01T00:00:00Z', '', 'ada')
  assert.deepEqual((await w.plan()).systems, [])
})
