/**
 * `npm test`: every test there is, in one run. `npm test -- PATTERN…` runs the files whose path holds one of the patterns.
 *
 * Servers and the built UI are made ready before, so that test files which run side by side do not build them twice.
 * Files that start the larger servers are few and begin first; the pure ones fill the gaps.
 */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { ensureWebBuilt } from '../scripts/build-web.ts'
import { ensureServers, type ServerName } from './servers/install.ts'

const root = path.join(import.meta.dirname, '..')
process.chdir(root)

/** Which server the files below a folder need. */
const needs: [folder: string, servers: ServerName[]][] = [
  ['test/e2e/', ['chromium', 'slapd', 'samba', 'postgresql']],
  ['test/contract/ldap', ['slapd', 'samba']],
  ['test/bench', ['slapd']],
  ['test/connectors/ldap', ['slapd', 'samba']],
  ['test/examples/active-directory', ['samba']],
  ['test/engine/', ['slapd']],
  ['test/', ['postgresql']],
]

const patterns = process.argv.slice(2)
const files = [...globSync('test/**/*.test.ts'), ...globSync('{src,client,bench,web/src}/**/*.test.ts')]
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .toSorted((a, b) => weight(a) - weight(b) || a.localeCompare(b))
if (files.length === 0) {
  console.error(`No test file has ${patterns.join(' or ')} in its path.`)
  process.exit(2)
}

await part('servers', () => ensureServers(serversFor(files)))
const built = files.some(startsUsher) ? await part('web', buildWeb) : true
const passed = await part('tests', runTests)
process.exitCode = built && passed ? 0 : 1

/** The tests that wait for servers come first. */
function weight(file: string): number {
  return ['test/e2e/', 'test/contract/', 'test/'].findIndex((folder) => file.startsWith(folder)) + 1 || 9
}

/** Usher serves the built UI. */
function startsUsher(file: string): boolean {
  return file.startsWith('test/e2e/') || readFileSync(file, 'utf8').includes('servers/usher.ts')
}

function serversFor(files: string[]): ServerName[] {
  return [...new Set(needs.flatMap(([folder, servers]) => (files.some((file) => file.startsWith(folder)) ? servers : [])))]
}

/** A UI that cannot be built fails the run, and the rest is tested all the same. */
function buildWeb(): boolean {
  try {
    ensureWebBuilt()
    return true
  } catch (error) {
    console.error(error)
    return false
  }
}

/** Runs the files, shows each test as it ends, and closes with the counts; answers whether all passed. */
async function runTests(): Promise<boolean> {
  const stream = run({ files: files.map((file) => path.resolve(file)), concurrency: 2, timeout: 900_000 })
  let success = false
  let counts: Record<string, number> = {}
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return
    success = summary.success
    counts = { ...summary.counts }
  })
  const screen = new Writable({
    write(chunk, _, done) { process.stdout.write(chunk, () => done()) },
  })
  await finished(stream.compose(spec).pipe(screen))
  const { tests = 0, passed = 0, failed = 0, cancelled = 0, skipped = 0, todo = 0 } = counts
  const closing = { tests, pass: passed, fail: failed, cancelled, skipped, todo }
  console.log(Object.entries(closing).map(([name, count]) => `# ${name} ${count}`).join('\n'))
  return success && tests > 0
}

async function part<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await work()
  } finally {
    console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
}
