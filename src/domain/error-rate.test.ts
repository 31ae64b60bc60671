import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsTooOften } from './error-rate.ts'

const limit = { count: 20, share: 0.2 }

test('a few failures are no rate, however large their share', () => {
  assert.equal(failsTooOften('x'.repeat(20), limit), null)
  assert.deepEqual(failsTooOften('x'.repeat(21), limit), { failed: 21, of: 21 })
})

test('many failures among far more successes are none either', () => {
  assert.equal(failsTooOften('....x'.repeat(20), limit), null)
  assert.deepEqual(failsTooOften('...x'.repeat(25), limit), { failed: 25, of: 100 })
})

test('only the last changes count: an old success does not hide that everything fails now', () => {
  assert.deepEqual(failsTooOften('.'.repeat(10_000) + 'x'.repeat(21), limit), { failed: 21, of: 100 })
  assert.equal(failsTooOften('x'.repeat(1000) + '.'.repeat(100), limit), null)
})

test('a share of 1 turns it off', () => {
  assert.equal(failsTooOften('x'.repeat(500), { count: 0, share: 1 }), null)
})
