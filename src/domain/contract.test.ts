import assert from 'node:assert/strict'
import test from 'node:test'
import { breachesOf, breachSentence, columnsToKeep, learnedFrom, profiler, type ReadProfile } from './contract.ts'

const at = '2026-06-15T08:00:00Z'
const profileOf = (rows: number, cells: (i: number) => Record<string, string>, more: Partial<ReadProfile> = {}): ReadProfile => {
  const counting = profiler(['id', 'mail', 'end'])
  for (let i = 0; i < rows; i++) counting.add(cells(i))
  return { ...counting.profile(), ...more }
}
const whole = profileOf(100, (i) => ({ id: `E${i}`, mail: `m${i}@example.org`, ...(i < 10 ? { end: '2026-12-31' } : {}) }))
const says = (now: ReadProfile, contract = {}, before: ReadProfile | null = whole): string[] => breachesOf(contract, before, now, at).map((b) => breachSentence(b))

test('the same again is in contract, and so is a first read', () => {
  assert.deepEqual([says(whole), says(whole, {}, null), says(profileOf(60, (i) => ({ id: `E${i}`, mail: 'm', end: '2026-12-31' })))], [[], [], []])
})

test('a column that is emptier than it was is named, with before, now and allowed', () => {
  const now = profileOf(100, (i) => ({ id: `E${i}`, ...(i < 40 ? { mail: 'm' } : {}), end: '2026-12-31' }))
  assert.deepEqual(says(now), ['column "mail" was filled in 100 % of the rows and is in 40 % (at least 80 % expected)'])
  assert.deepEqual(columnsToKeep(breachesOf({}, whole, now, at)), ['mail'])
  assert.deepEqual(says(now, { maxEmptier: 0.7 }), [])
})

test('a column that was mostly empty and is quite empty now counts as well; a handful of cells does not', () => {
  assert.deepEqual(says(profileOf(100, (i) => ({ id: `E${i}`, mail: 'm' }))), ['column "end" was filled in 10 % of the rows and is in 0 % (at least 5 % expected)'])
  const few = profileOf(20, (i) => ({ id: `E${i}`, mail: 'm', ...(i < 4 ? { end: '2026-12-31' } : {}) }))
  assert.deepEqual(says(profileOf(20, (i) => ({ id: `E${i}`, mail: 'm' })), {}, few), [])
})

test('what creeps in over several reads counts from the best of them', () => {
  const filled = (share: number) => profileOf(100, (i) => ({ id: `E${i}`, ...(i < share ? { mail: 'm' } : {}), end: '2026-12-31' }))
  assert.deepEqual(breachesOf({}, learnedFrom([filled(85), filled(100)]), filled(70), at).map((b) => b.column), ['mail'])
  assert.deepEqual(breachesOf({}, learnedFrom([filled(85)]), filled(70), at), [])
})

test('types, growth, duplicates, age, encoding', () => {
  const swapped = profileOf(100, (i) => ({ id: `E${i}`, mail: String(i), ...(i < 10 ? { end: 'later' } : {}) }))
  assert.deepEqual(says(swapped), ['column "mail" holds mostly numbers where texts were', 'column "end" holds mostly texts where dates were'])
  assert.deepEqual(says({ ...whole, rows: 201 }).filter((s) => s.startsWith('there are')), ['there are 201 rows where 100 were (at most 200 expected)'])
  assert.deepEqual(says({ ...whole, duplicates: 10 }), ['10 rows have a key that another row has, too (at most 5 allowed)'])
  assert.deepEqual(says({ ...whole, encoding: 'windows-1252' }, {}, { ...whole, encoding: 'utf-8' }), ['the encoding was utf-8 and is windows-1252'])
  assert.deepEqual(says({ ...whole, modifiedAt: '2026-06-01T00:00:00Z' }, { maxAgeHours: 48 }), ['the file was written 344 hours ago (at most 48 allowed)'])
  assert.deepEqual(says({ ...whole, modifiedAt: '2026-06-01T00:00:00Z' }, {}, { ...whole, modifiedAt: '2026-06-02T00:00:00Z' }),
    ['the file is of 2026-06-01T00:00:00Z, older than the one read before (2026-06-02T00:00:00Z)'])
})

test('what administrators say of a column holds from the first read on', () => {
  const contract = { columns: { mail: { maxEmpty: 0.1, type: 'text' as const }, end: { type: 'date' as const } } }
  assert.deepEqual(says(whole, contract, null), [])
  const now = profileOf(100, (i) => ({ id: `E${i}`, ...(i < 50 ? { mail: 'm' } : {}), end: '12' }))
  assert.deepEqual(says(now, contract, null), ['column "mail" is empty in 50 % of the rows (at most 10 % allowed)', 'column "end" holds mostly numbers (dates expected)'])
})
