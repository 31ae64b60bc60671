/** Plants mistakes, two at a time, each in a process of its own, until a seed catches it. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Mutant } from './list.ts'

const atOnce = 2

interface Caught { seed: number; by: string }

/** Tells one line for each mistake: its name, the seed that caught it, what was said. The names of those that no seed caught. */
export async function tryMutants(url: string, mutants: Mutant[], first: number, count: number, tell: (line: string) => void): Promise<string[]> {
  const left = mutants.map((mutant, number) => ({ mutant, number }))
  const missed: string[] = []
  const width = Math.max(...mutants.map((m) => m.name.length))
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { mutant, number } = next
      const caught = await tryOne(url, mutant, number, first, count)
      if (caught === null) missed.push(mutant.name)
      tell(`${mutant.name.padEnd(width)}  ${caught === null ? 'MISSED' : `${String(caught.seed).padStart(6)}  ${caught.by}`}`)
    }
  }))
  return missed
}

async function tryOne(url: string, mutant: Mutant, number: number, first: number, count: number): Promise<Caught | null> {
  const { stdout } = await promisify(execFile)(
    process.execPath, [path.join(import.meta.dirname, 'child.ts'), mutant.name, url, `mutant_${number}`, String(first), String(count)], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Caught | null
}
