/** Seeds side by side, in processes of their own. */
import { streamChild } from './child-process.ts'
import type { SimResult } from './simulate.ts'

/** A process lives for so many seeds at most; then another one takes its place. */
const seedsMax = 200

/** From `first` on, so many: each seed's result as soon as it is there, in any order. `name` begins that of the databases, one for each process at a time. Rejects where a process ends badly. */
export async function runSeeds(url: string, name: string, { first, count, processes }: { first: number; count: number; processes: number }, tell: (result: SimResult) => void): Promise<void> {
  const seeds = Array.from({ length: count }, (_, n) => first + n)
  const atOnce = Math.min(seedsMax, Math.ceil(count / processes))
  const shares = Array.from({ length: Math.ceil(count / atOnce) }, (_, n) => seeds.slice(n * atOnce, (n + 1) * atOnce))
  await Promise.all(Array.from({ length: processes }, async (_, n) => {
    for (let share = shares.shift(); share !== undefined; share = shares.shift()) {
      for await (const line of streamChild('run-seeds.ts', url, `${name}_${n}`, ...share.map(String))) {
        const { fired, ...result } = JSON.parse(line) as Omit<SimResult, 'fired'> & { fired: [string, number][] }
        tell({ ...result, fired: new Map(fired) })
      }
    }
  }))
}
