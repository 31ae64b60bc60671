/** The folder that holds the policy as files. `.usher.json` in it notes the revision that the files started from. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Failure } from './exit.ts'

const marker = '.usher.json'
const kinds = ['settings.yaml', '{systems,jobs,roles,rules}/*.yaml']

/** Path below the folder → text. */
export function readFolder(folder: string): Record<string, string> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Failure('usage', `There is no folder ${folder}.`)
  const names = policyFiles(folder)
  if (names.length === 0) throw new Failure('usage', `${folder} holds no policy: no settings.yaml, and nothing in systems/, jobs/, roles/ or rules/.`)
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}

export function writeFolder(folder: string, revision: number, files: Record<string, string>, schemas: Record<string, unknown>): void {
  for (const [name, text] of Object.entries(files)) write(folder, name, text)
  for (const [kind, schema] of Object.entries(schemas)) write(folder, `schema/${kind}.json`, `${JSON.stringify(schema, null, 2)}\n`)
  writeBase(folder, revision)
}

/** Files of objects that are not in the policy; removed where asked. */
export function removeStrays(folder: string, files: Record<string, string>, remove: boolean): string[] {
  const strays = policyFiles(folder).filter((name) => !(name in files))
  if (remove) for (const name of strays) rmSync(path.join(folder, name))
  return strays
}

/** The revision that the files started from; 0, the empty policy, for files that were written by hand. */
export function baseOf(folder: string): number {
  const file = path.join(folder, marker)
  if (!existsSync(file)) return 0
  try {
    const { revision } = JSON.parse(readFileSync(file, 'utf8')) as { revision: unknown }
    if (typeof revision === 'number') return revision
  } catch { /* The message below says what to do in both cases. */ }
  throw new Failure('usage', `${file} does not say which revision the files started from.`, { advice: 'Name it with --base.' })
}

export function writeBase(folder: string, revision: number): void {
  write(folder, marker, `${JSON.stringify({ revision })}\n`)
}

function policyFiles(folder: string): string[] {
  return globSync(kinds, { cwd: folder }).map((name) => name.split(path.sep).join('/')).toSorted()
}

/** The server names the files; one that would lie outside the folder is refused. */
function write(folder: string, name: string, text: string): void {
  const file = path.resolve(folder, name)
  if (!file.startsWith(path.resolve(folder) + path.sep)) throw new Failure('failed', `The server named a file outside the folder: ${name}`)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}
