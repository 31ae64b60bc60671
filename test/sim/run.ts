/** `npm run sim -- --seeds 10000 [--from N] [--seed N --verbose]`: how a release is judged. `--mutants [NAME…]`: whether it finds what it should, and by which seed (`test/sim/mutants/caught.json`). */
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { startSimServer } from './database.ts'
import { mutants } from './mutants/list.ts'
import { record, tryMutants } from './mutants/try.ts'
import { runSeeds } from './seeds.ts'
import type { SimResult } from './simulate.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '200' }, from: { type: 'string', default: '1' }, seed: { type: 'string' }, verbose: { type: 'boolean', default: false }, mutants: { type: 'boolean', default: false } },
})
const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1

const server = await startSimServer()
if (values.mutants) {
  const chosen = mutants.filter((m) => positionals.length === 0 || positionals.some((part) => m.name.includes(part)))
  const caught = await tryMutants(server.url, chosen, console.log)
  await server.stop()
  record(mutants, caught)
  const missed = chosen.filter((m) => caught.get(m.name) == null).map((m) => m.name)
  console.log(missed.length === 0 ? `All ${chosen.length} were caught.` : `Nothing caught: ${missed.join('; ')}`)
  process.exit(missed.length === 0 ? 0 : 1)
}
const fired = new Map<string, number>()
let [done, failures] = [0, 0]
const started = performance.now()
try {
  await runSeeds(server.url, 'sim', { first, count, processes: Math.min(count, availableParallelism()) }, (result) => {
    for (const [fault, times] of result.fired) fired.set(fault, (fired.get(fault) ?? 0) + times)
    if (!result.ok) {
      failures++
      report(result)
    } else if (values.verbose) console.log(result.history.join('\n'))
    if (++done % 100 === 0 || done === count) console.log(`${done} of ${count} seeds, ${failures} failed, ${((performance.now() - started) / done).toFixed(0)} ms each`)
  })
  console.log([...fired].toSorted().map(([fault, times]) => `${fault}: ${times}`).join(', '))
} finally {
  await server.stop()
}
process.exitCode = failures === 0 ? 0 : 1

function report(result: SimResult): void {
  console.log(`\nSeed ${result.seed} fails:\n  ${result.violations.slice(0, 5).join('\n  ')}`)
  console.log(values.verbose ? result.history.join('\n') : result.history.slice(-12).join('\n'))
  console.log(`Once more, with all of its history: npm run sim -- --seed ${result.seed} --verbose\n`)
}
