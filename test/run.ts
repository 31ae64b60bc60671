/**
 * `npm test`: every test there is, in one run. `npm test -- PATTERN…` runs the files whose path holds one of the patterns.
 *
 * Servers and the built UI are made ready before, so that test files which run side by side do not build them twice.
 * Files that start the larger servers are few and begin first; the pure ones fill the gaps. A file that failed beside others
 * is run once more by itself: what fails again fails the run, and what passes only then is named at the end.
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

/** Most take less than a minute; one that hangs must not hold the others up for long. */
const fileMsMax = 600_000
/** When more files than these fail, it is not because of what ran beside them. */
const unsteadyMax = 8

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
const passed = await part('tests', runAll)
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
    ensureWebBuilt((line) => console.log(`# ${line}`))
    return true
  } catch (error) {
    console.error(error)
    return false
  }
}

/** All files, and the failed ones once more alone; closes with the counts of both, and answers whether all passed. */
async function runAll(): Promise<boolean> {
  const first = await runFiles(files, 2)
  if (first.failed.length === 0) return close(first, [])
  if (first.failed.length > unsteadyMax) return close(first, first.failed)
  console.log(`\n== again, one by one: ${first.failed.join(' ')}\n`)
  return close(first, (await runFiles(first.failed, 1)).failed)
}

interface Outcome { tests: number; failed: string[] }

function close({ tests, failed }: Outcome, failedAgain: string[]): boolean {
  const unsteady = failed.filter((file) => !failedAgain.includes(file))
  if (unsteady.length > 0) console.log(`\nUnsteady, passed only by themselves: ${unsteady.join(' ')}`)
  if (failedAgain.length > 0) console.log(`\nFailed: ${failedAgain.join(' ')}`)
  console.log(`\n${files.length - failedAgain.length} passed, ${failedAgain.length} failed`)
  return failedAgain.length === 0 && tests > 0
}

/** Runs files, shows each test as it ends; answers which of the files failed. */
async function runFiles(some: string[], concurrency: number): Promise<Outcome> {
  const stream = run({
    files: some.map((file) => path.resolve(file)), concurrency,
    // A file that failed to begin has servers that nobody stops: it ends with its tests, and takes them along.
    execArgv: ['--test-force-exit', '--import', path.join(import.meta.dirname, 'deadline.ts')], env: { ...process.env, TEST_FILE_MS_MAX: String(fileMsMax) },
  })
  const failed = new Set<string>()
  let tests = 0
  stream.on('test:fail', ({ file, todo, name }) => {
    if (todo === undefined) failed.add(path.relative(root, file ?? name))
  })
  stream.on('test:summary', ({ file, counts }) => {
    if (file === undefined) tests = counts.tests
  })
  const screen = new Writable({
    write(chunk, _, done) { process.stdout.write(chunk, () => done()) },
  })
  await finished(stream.compose(spec).pipe(screen))
  return { tests, failed: some.filter((file) => failed.has(file)) }
}

async function part<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await work()
  } finally {
    console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
}
