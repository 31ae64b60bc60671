import assert from 'node:assert/strict'
import test from 'node:test'
import { afterDay, standing, startOfDay, type Position } from './person.ts'

const zone = 'Europe/Berlin'
const position = (dates: Partial<Position>, key = 'a'): Position => ({ key, job: 'hr', attributes: {}, ...dates })
const state = (positions: Position[], at: string): string => standing(positions, at, zone).state

test('state follows from dates; an end date is inclusive, in the time zone', () => {
  const contract = [position({ start: '2026-03-01', end: '2026-03-31' })]
  assert.equal(state(contract, '2026-02-28T22:59:59Z'), 'before-start')
  assert.equal(state(contract, '2026-02-28T23:00:00Z'), 'active', 'midnight in Berlin')
  assert.equal(state(contract, '2026-03-31T21:59:59Z'), 'active', 'summer time by now')
  assert.equal(state(contract, '2026-03-31T22:00:00Z'), 'ended')
})

test('leave counts while it lasts, and only if every living position is on leave', () => {
  const away = position({ start: '2026-01-01', leaveFrom: '2026-05-01', leaveUntil: '2026-05-31' })
  assert.equal(state([away], '2026-05-15T12:00:00Z'), 'on-leave')
  assert.equal(state([away], '2026-06-01T12:00:00Z'), 'active')
  assert.equal(state([away, position({ start: '2026-01-01' }, 'b')], '2026-05-15T12:00:00Z'), 'active')
})

test('a gap between two positions: ended people who are to come back are before their start', () => {
  const two = [position({ start: '2025-01-01', end: '2025-12-31' }), position({ start: '2027-01-01' }, 'b')]
  assert.equal(state(two, '2026-06-01T00:00:00Z'), 'before-start')
  assert.equal(standing(two, '2026-06-01T00:00:00Z', zone).startsAt, startOfDay('2027-01-01', zone))
})

test('nobody without positions is active, and a position without dates lives', () => {
  assert.equal(state([], '2026-06-01T00:00:00Z'), 'ended')
  assert.equal(state([position({})], '2026-06-01T00:00:00Z'), 'active')
})

test('the next change is the next instant at which the state may change by itself', () => {
  const one = [position({ start: '2026-03-01', end: '2026-12-31', leaveFrom: '2026-05-01', leaveUntil: '2026-05-31' })]
  const next = (at: string): string | undefined => standing(one, at, zone).nextChangeAt
  assert.equal(next('2026-01-01T00:00:00Z'), startOfDay('2026-03-01', zone))
  assert.equal(next('2026-04-01T00:00:00Z'), startOfDay('2026-05-01', zone))
  assert.equal(next('2026-05-10T00:00:00Z'), afterDay('2026-05-31', zone))
  assert.equal(next('2026-07-01T00:00:00Z'), afterDay('2026-12-31', zone))
  assert.equal(next('2027-07-01T00:00:00Z'), undefined)
})

test('a position has a time zone of its own if it says so', () => {
  const tokyo = [position({ start: '2026-03-01', attributes: { timeZone: 'Asia/Tokyo' } })]
  assert.equal(state(tokyo, '2026-02-28T15:00:00Z'), 'active')
  assert.equal(state(tokyo, '2026-02-28T14:59:59Z'), 'before-start')
})

test('an end by hand cuts the positions that live then, whatever their source says, and no others', () => {
  const cut = '2026-06-10T09:30:00Z'
  const one: Position[] = [{ key: 'a', job: 'hr', attributes: {}, start: '2020-01-01', end: '2026-12-31' }]
  assert.equal(standing(one, '2026-06-10T09:29:59Z', zone, [cut]).state, 'active')
  assert.equal(Temporal.Instant.from(standing(one, '2026-06-01T00:00:00Z', zone, [cut]).nextChangeAt!).toString(), cut)
  const after = standing(one, cut, zone, [cut])
  assert.deepEqual([after.state, after.endedAt, after.nextChangeAt], ['ended', cut, undefined])

  const again: Position[] = [...one, { key: 'b', job: 'hr', attributes: {}, start: '2026-09-01' }]
  assert.equal(standing(again, cut, zone, [cut]).state, 'before-start')
  assert.deepEqual(standing(again, '2026-10-01T00:00:00Z', zone, [cut]).living, ['b'])
  assert.deepEqual(standing(again, '2026-10-01T00:00:00Z', zone, [cut, '2026-09-15T00:00:00Z']).living, [])
  // Of two in one position the earlier one counts.
  assert.equal(standing(one, '2026-06-11T00:00:00Z', zone, ['2026-07-01T00:00:00Z', cut]).state, 'ended')
})
