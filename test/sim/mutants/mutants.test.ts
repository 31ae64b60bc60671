/** The simulation finds what it should: mistakes that are planted in the engine are caught. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimServer } from '../database.ts'
import { mutants } from './list.ts'
import { occurrences } from './patch.ts'
import { recorded, tryMutants } from './try.ts'

test('each mistake is about something that stands in the engine exactly once', () => {
  assert.deepEqual(mutants.filter((m) => occurrences(m) !== 1).map((m) => `${m.name}: ${m.file}`), [])
  assert.ok(mutants.length >= 20)
  assert.deepEqual(Object.keys(recorded()).filter((name) => !mutants.some((m) => m.name === name)), [])
})

test('each mistake that was caught once is caught', async () => {
  const server = await startSimServer()
  try {
    const planted = mutants.filter((m) => recorded()[m.name] !== undefined)
    const caught = await tryMutants(server.url, planted)
    assert.deepEqual(planted.filter((m) => caught.get(m.name) == null).map((m) => m.name), [], 'npm run sim -- --mutants NAME shows it')
  } finally {
    await server.stop()
  }
})
