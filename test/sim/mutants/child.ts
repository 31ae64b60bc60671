/** One process: one planted mistake, and seeds until one of them catches it. Says so on the last line, as JSON. */
import process from 'node:process'
import { mutants } from './list.ts'
import { plant } from './patch.ts'

const [, , name, url, database, first, count] = process.argv as [string, string, string, string, string, string, string]
const mutant = mutants.find((m) => m.name === name)
if (mutant === undefined) throw new Error(`There is no mutant "${name}".`)
plant(mutant)
const { openDatabase } = await import('../database.ts')
const { simulate } = await import('../simulate.ts')
const opened = await openDatabase(url, database)
let caught: { seed: number; by: string } | null = null
for (let seed = Number(first); seed < Number(first) + Number(count) && caught === null; seed++) {
  const result = await simulate(opened, seed)
  if (!result.ok) caught = { seed, by: result.violations[0]! }
}
console.log(JSON.stringify(caught))
process.exit(0)
