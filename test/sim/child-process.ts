/** Runs a file of the simulation in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** All of them load the same code, and nearly all of their values live for one query. */
const compiled = path.join(import.meta.dirname, '../../node_modules/.cache/usher-sim')
const megabytesForNew = 32

/** The lines of its standard output, as they come; what it says on the other one is said here, too. Fails where it ends badly. */
export async function* streamChild(file: string, ...args: string[]): AsyncGenerator<string> {
  const child = spawn(process.execPath, [`--max-semi-space-size=${megabytesForNew}`, path.join(import.meta.dirname, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  try {
    yield* createInterface({ input: child.stdout })
    const [code, signal] = await ended
    if (code !== 0) throw new Error(`${file} ended with ${code ?? signal}.`)
  } finally {
    child.kill()
  }
}

/** The last line that it wrote. */
export async function lastLineOf(file: string, ...args: string[]): Promise<string> {
  let last = ''
  for await (const line of streamChild(file, ...args)) last = line
  return last
}
