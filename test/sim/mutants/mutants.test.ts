/** The mistakes that the simulation must catch (`npm run sim -- --mutants`) are about the engine as it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutants } from './list.ts'
import { occurrences } from './patch.ts'

test('each mistake is about something that stands in the engine exactly once', () => {
  assert.deepEqual(mutants.filter((m) => occurrences(m) !== 1).map((m) => `${m.name}: ${m.file}`), [])
  assert.ok(mutants.length >= 20)
})
