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
  assert.deepEqual(Object.keys(recorded()).toSorted(), mutants.map((m) => m.name).toSorted(), 'npm run sim -- --mutants NAME records the seed that catches it')
})

test('each mistake is caught', async () => {
  const server = await startSimServer()
  try {
    const caught = await tryMutants(server.url, mutants)
    assert.deepEqual(mutants.filter((m) => caught.get(m.name) == null).map((m) => m.name), [], 'npm run sim -- --mutants NAME shows it')
  } finally {
    await server.stop()
  }
})
