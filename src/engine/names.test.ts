import assert from 'node:assert/strict'
import test from 'node:test'
import { expand } from './names.ts'

test('candidates with a number come after those without, counted from 2 to 99', () => {
  const all = expand(['j{n}', 'js', 'john'])
  assert.deepEqual(all.slice(0, 4), ['js', 'john', 'j2', 'j3'])
  assert.equal(all.at(-1), 'j99')
  assert.equal(all.length, 100)
})

test('as many as are asked for', () => {
  assert.deepEqual(expand(['js', 'j{n}'], 1), ['js'])
  assert.deepEqual(expand(['j{n}'], 2), ['j2', 'j3'])
  assert.deepEqual(expand([], 1), [])
})
