import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, headline, type LeaverClock } from './leaver.ts'

const start = '2026-06-15T08:00:00.000Z'
const system = (name: string, more: Partial<LeaverClock['systems'][number]> = {}) =>
  ({ name, state: 'gone' as const, code: null, nextAttemptAt: null, goneAt: start, ...more })
const says = (systems: LeaverClock['systems'], more: Partial<LeaverClock> = {}): string =>
  headline({ startedAt: start, goneAt: null, returnedAt: null, systems, ...more }, '2026-06-15T08:00:10.000Z')

test('a clock says how it stands in one line', () => {
  const six = ['AD', 'Mail', 'Files', 'Sales', 'Wiki'].map((name) => system(name))
  const away = system('Warehouse', { state: 'to-do', code: 'SYSTEM_UNREACHABLE', nextAttemptAt: '2026-06-15T08:00:14.000Z', goneAt: null })
  assert.equal(says([...six, away]), 'Gone from 5 of 6; Warehouse unreachable, again in 4 s')
  assert.equal(says([...six, { ...away, nextAttemptAt: start }]), 'Gone from 5 of 6; Warehouse unreachable, again in a moment')
  assert.equal(says([...six, { ...away, code: 'SYSTEM_REFUSED', nextAttemptAt: null }]), 'Gone from 5 of 6; Warehouse refused; a person must look')
  assert.equal(says([away, system('ERP', { state: 'waits' })]), 'Gone from 0 of 2; ERP waits for an approval')
  assert.equal(says(six, { goneAt: '2026-06-15T08:00:00.800Z' }), 'Gone everywhere after 0.8 s')
  assert.equal(says([system('AD', { state: 'unmanaged' })], { goneAt: start }), 'Not managed anywhere: nothing that Usher may take away')
  assert.equal(says([], { goneAt: start }), 'Had no account anywhere')
  assert.equal(says(six, { returnedAt: start }), 'Back again; the clock no longer counts')
})

test('durations are read at a glance', () => {
  assert.deepEqual([0, 840, 9_940, 12_400, 60_000, 185_000, 7_800_000, 400_000_000].map((ms) => duration(ms)),
    ['0.0 s', '0.8 s', '9.9 s', '12 s', '1 min', '3 min 5 s', '2 h 10 min', '4 days'])
})
