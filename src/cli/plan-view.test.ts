import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '../../client/index.ts'
import { exits } from './exit.ts'
import { rememberingTerminal } from './fixture.ts'
import { exitOfPlan } from './plan-follow.ts'
import { changesView, changeView, planHead, progressLine, warnings } from './plan-view.ts'

type Change = Schema<'Change'>
type Plan = Schema<'Plan'>

const terminal = rememberingTerminal()
const ad = { id: 'ad', name: 'Active Directory' }
const anna = { id: '1', name: 'Anna Nowak' }

const change = (about: Partial<Change>): Change => ({
  id: '1', stage: 2, wave: 0, kind: 'update', symbol: '~', system: ad, job: 'people-to-ad', objectType: 'user', person: anna,
  subject: 'anna.nowak', entitlement: null, says: '', fields: [], reasons: [], state: 'planned', attempts: 0, nextAttemptAt: null,
  error: null, startedAt: null, doneAt: null, ...about,
})

const plan = (about: Partial<Plan>): Plan => ({
  id: 'p', number: 12, state: 'open', cause: 'asked for', scope: null, undoes: null, policyRevision: 4, asOf: '2026-11-21T19:00:00Z', madeBy: anna,
  madeAt: '2026-11-21T19:00:00Z', approvedBy: null, approvedAt: null, startedAt: null, endedAt: null, says: '1 account disabled.',
  total: 400, done: 0, failed: 0, skipped: 0, held: 0, hash: 'abc', progress: null, basis: {}, basedOn: [{ says: 'company.xlsx', at: '2026-11-21T19:00:00Z' }],
  counts: [], brakes: [], findings: [], systems: [], error: null, ...about,
})

test('a change says before, after and because', () => {
  const text = changeView(terminal, change({
    fields: [{ attribute: 'department', before: 'Sales', after: 'Marketing' }, { attribute: 'title', before: null, after: 'Head' },
      { attribute: 'telephoneNumber', before: '+49 30 1', after: null }],
    reasons: [{ because: 'mapping', says: 'the mapping of people-to-ad' }, { because: 'mapping', says: 'the mapping of people-to-ad' }],
  }))
  assert.deepEqual(text.split('\n'), [
    '    ~ update  anna.nowak',
    '        department       Sales → Marketing',
    '        title            Head',
    '        telephoneNumber  +49 30 1 → (none)',
    '        because the mapping of people-to-ad',
  ])
})

test('a failed change says the system\'s own words and what to do', () => {
  const text = changeView(terminal, change({ state: 'stuck', error: { code: 'SYSTEM_REFUSED', words: '00002071: already in use', advice: 'Correct the cause.' } }))
  assert.match(text, /stuck/)
  assert.match(text, /SYSTEM_REFUSED {2}00002071: already in use\n {8}Correct the cause\./)
})

test('changes are grouped by system, then by person', () => {
  const text = changesView(terminal, [
    change({ stage: 1, system: { id: 'people', name: 'people' }, kind: 'create', subject: 'Anna Nowak' }),
    change({ kind: 'create' }),
    change({ kind: 'grant', entitlement: { id: '7', name: 'Sales' } }),
    change({ person: { id: '2', name: 'John Smith' }, subject: 'john.smith', kind: 'disable' }),
  ])
  assert.deepEqual(text.split('\n'), [
    'People  1 change',
    '    + create  Anna Nowak',
    '',
    'Active Directory  3 changes',
    '  Anna Nowak',
    '    + create  anna.nowak',
    '    → grant   Sales  anna.nowak',
    '  John Smith',
    '    ○ disable john.smith',
  ])
})

test('a name from a directory cannot steer the terminal', () => {
  assert.ok(!changeView(terminal, change({ subject: 'a\u001b[2Jb', fields: [{ attribute: 'x', before: null, after: '\u001b]0;y\u0007' }] })).includes('\u001b'))
})

test('the head repeats the sentence, what it is based on, and the hash', () => {
  const text = planHead(terminal, plan({}))
  assert.match(text, /^Plan 12 {2}open\n1 account disabled\./)
  assert.match(text, /based on +company\.xlsx/)
  assert.match(text, /hash +abc/)
})

test('what is held is shown with the way to look at it, where there is something, and to release it', () => {
  const brake: Plan['brakes'][number] = {
    system: ad, kind: 'disable', planned: 8, of: 40, limit: { count: 5 }, setHash: 'a', code: null, job: null, privileged: false,
    window: null, secondPerson: false, pending: null, released: null, says: '8 of 40 are more than 5.',
  }
  assert.deepEqual(warnings(terminal, plan({ brakes: [brake] })).split('\n'), [
    '! Held  8 of 40 are more than 5.',
    '    look at them: usher plan show 12 --system ad --kind disable --all',
    '    if they are right: usher plan release 12 --system ad --kind disable',
  ])
  assert.deepEqual(warnings(terminal, plan({ brakes: [{ ...brake, planned: 0, says: 'It shows less.', secondPerson: true }] })).split('\n'), [
    '! Held  It shows less.',
    '    if that is right, two users release: usher plan release 12 --system ad --kind disable',
  ])
})

test('progress counts what failed and what was skipped, too', () => {
  const systems = [{ system: ad, total: 400, done: 90, failed: 1, refused: 0, skipped: 9, held: 0, waiting: 300, perSecond: 12.4 }]
  const applying = plan({ state: 'applying', done: 90, failed: 1, skipped: 9, systems })
  assert.equal(progressLine(terminal, applying), 'Plan 12: applying  ██████░░░░░░░░░░░░░░░░░░ 25 %  100/400  12/s  1 failed')
  assert.equal(progressLine(terminal, plan({ state: 'computing', progress: 'reading Active Directory' })), 'Plan 12: reading Active Directory …')
})

test('the exit says whether something waits, failed, or is fine', () => {
  const code = (state: Plan['state'], failed = 0, held = 0, found: string[] = []) =>
    exits[exitOfPlan({ ...plan({ state, failed, held }), findings: found.map((one) => ({ code: one, severity: 'error', key: '', message: '', details: {} }) as unknown as Plan['findings'][number]) })].code
  assert.deepEqual([code('empty'), code('applied'), code('approved')], [0, 0, 0])
  assert.deepEqual([code('open'), code('held'), code('stopped'), code('applied', 0, 3)], [4, 4, 4, 4])
  assert.deepEqual([code('failed'), code('superseded'), code('applied', 2)], [1, 7, 8])
  assert.deepEqual([code('empty', 0, 0, ['SOURCE_MISSING']), code('applied', 0, 0, ['SYSTEM_UNREACHABLE']), code('empty', 0, 0, ['ROW_SET_ASIDE']), code('held', 0, 1, ['SOURCE_SHORT'])], [10, 10, 0, 4])
})
