/** One process of the simulation: some seeds, and what came of each as a line of JSON. */
import process from 'node:process'
import { openDatabase } from './database.ts'
import { simulate } from './simulate.ts'

const [, , url, name, ...seeds] = process.argv as [string, string, string, string, ...string[]]
const database = await openDatabase(url, name)
for (const seed of seeds) {
  const { fired, ...result } = await simulate(database, Number(seed))
  await new Promise((written) => process.stdout.write(`${JSON.stringify({ ...result, fired: [...fired] })}\n`, written))
}
process.exit(0)
