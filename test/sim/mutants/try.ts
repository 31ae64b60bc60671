/** Plants mistakes, two at a time, each in a process of its own, until a seed catches it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { lastLineOf } from '../child-process.ts'
import type { Mutant } from './list.ts'

const atOnce = 2
/** A mistake that so many seeds do not catch is missed. By then each plot has been told. */
export const mutantSeedsMax = 50
const file = path.join(import.meta.dirname, 'caught.json')

export interface Caught { seed: number; by: string }

/** Which seed caught which mistake when that was last recorded; after a change of the engine a seed may tell another story. */
export function recorded(): Record<string, number> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, number> : {}
}

/** Writes down which seeds caught what, beside what is known of the other mistakes. */
export function record(mutants: Mutant[], caught: Map<string, Caught | null>): void {
  const known = recorded()
  const lines = mutants.flatMap(({ name }) => {
    const seed = caught.has(name) ? caught.get(name)?.seed : known[name]
    return seed === undefined ? [] : [`  ${JSON.stringify(name)}: ${seed}`]
  })
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`)
}

/** By name, the seed that caught each mistake and what was said, or null: the one that is recorded first, then one after the other. */
export async function tryMutants(url: string, mutants: Mutant[], tell: (line: string) => void = () => {}): Promise<Map<string, Caught | null>> {
  const left = mutants.map((mutant, number) => ({ mutant, number }))
  const known = recorded()
  const all = new Map<string, Caught | null>()
  const width = Math.max(...mutants.map((m) => m.name.length))
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { mutant: { name }, number } = next
      const caught = await tryOne(url, name, number, known[name])
      all.set(name, caught)
      tell(`${name.padEnd(width)}  ${caught === null ? 'MISSED' : `${String(caught.seed).padStart(6)}  ${caught.by}`}`)
    }
  }))
  return all
}

async function tryOne(url: string, name: string, number: number, known: number | undefined): Promise<Caught | null> {
  const seeds = [...new Set([known ?? 1, ...Array.from({ length: mutantSeedsMax }, (_, i) => i + 1)])]
  return JSON.parse(await lastLineOf('mutants/child.ts', name, url, `mutant_${number}`, seeds.join(','))) as Caught | null
}
