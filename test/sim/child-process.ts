/** Runs a file of the simulation in a process of its own. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

/** All of them load the same code, and nearly all of their values live for one query. */
const compiled = path.join(import.meta.dirname, '../../node_modules/.cache/usher-sim')
const megabytesForNew = 32

/** What it wrote to its standard output. Rejects where it ends badly. */
export async function runChild(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`--max-semi-space-size=${megabytesForNew}`, path.join(import.meta.dirname, file), ...args], {
    maxBuffer: 1 << 26, env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
  return stdout
}
