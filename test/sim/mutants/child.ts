/** One process: one planted mistake, and seeds until one of them catches it. Says so on the last line, as JSON. */
import process from 'node:process'
import { mutants } from './list.ts'
import { plant } from './patch.ts'

const [, , name, url, database, seeds] = process.argv as [string, string, string, string, string, string]
const mutant = mutants.find((m) => m.name === name)
if (mutant === undefined) throw new Error(`There is no mutant "${name}".`)
plant(mutant)
const { openDatabase } = await import('../database.ts')
const { simulate } = await import('../simulate.ts')
const opened = await openDatabase(url, database)
let caught: { seed: number; by: string } | null = null
for (const seed of seeds.split(',').map(Number)) {
  const result = await simulate(opened, seed)
  if (result.ok) continue
  caught = { seed, by: result.violations[0]! }
  break
}
console.log(JSON.stringify(caught))
process.exit(0)
