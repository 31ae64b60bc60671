/** One process of the simulation: some seeds, and what came of them as JSON. */
import process from 'node:process'
import { openDatabase } from './database.ts'
import { simulate } from './simulate.ts'

export interface Report {
  failures: { seed: number; violations: string[]; history: string[] }[]
  fired: Record<string, number>
  digests: string[]
}

const [, , url, name, first, count] = process.argv as [string, string, string, string, string, string]
const database = await openDatabase(url, name)
const report: Report = { failures: [], fired: {}, digests: [] }
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const { ok, violations, history, fired, digest } = await simulate(database, seed)
  if (!ok) report.failures.push({ seed, violations, history })
  for (const [fault, times] of fired) report.fired[fault] = (report.fired[fault] ?? 0) + times
  report.digests.push(digest)
}
process.stdout.write(JSON.stringify(report), () => process.exit(0))
