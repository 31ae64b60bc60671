/** Companies that live while everything goes wrong: whatever the seed, every promise holds at every step, and the end is as the model says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startSimServer, type SimServer } from './database.ts'
import { runSeeds } from './seeds.ts'
import type { SimResult } from './simulate.ts'

const seeds = 200
/** Each of these must have gone wrong at least once; what never happens shows nothing. */
const expected = [
  'killed', 'connection lost', 'delivered twice', 'something else beside', 'a button pressed meanwhile', 'a decision meanwhile', 'clock back', 'clock forward', 'system away', 'source cut', 'source away', 'source column', 'source empty', 'source half',
  'lose-answer in a write', 'disconnect in a write', 'refuse in a write', 'busy in a write', 'slow in a write', 'pretend in a write',
  'disconnect in a read', 'disconnect in a lookup', 'stale in a read', 'stale in a lookup',
]

let server: SimServer
before(async () => { server = await startSimServer() })
after(() => server.stop())

async function resultsOf(name: string, first: number, count: number, processes: number): Promise<SimResult[]> {
  const results: SimResult[] = []
  await runSeeds(server.url, name, { first, count, processes }, (result) => results.push(result))
  return results.toSorted((a, b) => a.seed - b.seed)
}

test('every seed keeps every promise, and each thing that can go wrong does', async () => {
  const results = await resultsOf('sim', 1, seeds, 2)
  assert.equal(results.length, seeds)
  assert.deepEqual(results.filter((r) => !r.ok).map((r) => `seed ${r.seed}: ${r.violations[0]}; npm run sim -- --seed ${r.seed} --verbose`), [])
  const fired = new Set(results.flatMap((r) => [...r.fired.keys()]))
  assert.deepEqual(expected.filter((fault) => !fired.has(fault)), [], 'these never went wrong')
})

test('a seed replays to the same history', async () => {
  const [one, other] = await Promise.all(['replay', 'again'].map((name) => resultsOf(name, 1, 4, 1)))
  assert.deepEqual(one!.map((r) => r.digest), other!.map((r) => r.digest))
})
