/** Companies that live while everything goes wrong: whatever the seed, every promise holds at every step, and the end is as the model says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runChild } from './child-process.ts'
import { startSimServer, type SimServer } from './database.ts'
import type { Report } from './run-seeds.ts'

const processes = 2
const seedsEach = 100
/** Each of these must have gone wrong at least once; what never happens shows nothing. */
const expected = [
  'killed', 'connection lost', 'delivered twice', 'clock back', 'clock forward', 'system away', 'source cut', 'source away', 'source column', 'source empty', 'source half',
  'lose-answer in a write', 'disconnect in a write', 'refuse in a write', 'busy in a write', 'slow in a write', 'pretend in a write',
  'disconnect in a read', 'disconnect in a lookup', 'stale in a read', 'stale in a lookup',
]

let server: SimServer
before(async () => { server = await startSimServer() })
after(() => server.stop())

async function runSeeds(database: string, first: number, count: number): Promise<Report> {
  return JSON.parse(await runChild('run-seeds.ts', server.url, database, String(first), String(count))) as Report
}

test('every seed keeps every promise, and each thing that can go wrong does', async () => {
  const reports = await Promise.all(Array.from({ length: processes }, (_, i) => runSeeds(`sim_${i}`, 1 + i * seedsEach, seedsEach)))
  const failures = reports.flatMap((r) => r.failures)
  assert.deepEqual(failures.map((f) => `seed ${f.seed}: ${f.violations[0]}; npm run sim -- --seed ${f.seed} --verbose`), [])
  const fired = new Set(reports.flatMap((r) => Object.keys(r.fired)))
  assert.deepEqual(expected.filter((fault) => !fired.has(fault)), [], 'these never went wrong')
})

test('a seed replays to the same history', async () => {
  const [one, other] = await Promise.all([runSeeds('replay_1', 1, 4), runSeeds('replay_2', 1, 4)])
  assert.deepEqual(one.digests, other.digests)
})
