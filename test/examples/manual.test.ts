/** What the manual tells people to write and to type is right. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { rememberingTerminal } from '../../src/cli/fixture.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { emptyPolicy } from '../../src/domain/policy.ts'
import { checkFiles } from '../../src/domain/policy-files.ts'
import { describeSystem } from '../../src/engine/describe-system.ts'
import { connectors } from '../../src/wiring.ts'

const root = path.join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const program = buildProgram({ terminal: rememberingTerminal(), env: {}, pollMs: 0 }, '')

test('the files of the start page are a policy without a problem', () => {
  const blocks = read('docs/start.md').matchAll(/`policy\/([\w/-]+\.yaml)`[^`]*(?:`[^`\n]+`[^`]*)*```yaml\n([\s\S]*?)```/g)
  const files = Object.fromEntries([...blocks].map(([, name = '', text = '']) => [name, text]))
  assert.deepEqual(Object.keys(files), [
    'systems/hr.yaml', 'jobs/hr-to-people.yaml', 'systems/ad.yaml', 'jobs/people-to-ad.yaml', 'systems/warehouse.yaml',
  ])
  assert.deepEqual(checkFiles(files, emptyPolicy, describeSystem({ connectors, filesFolder: '/tmp' })), [])
})

/** What a piece of policy in the manual is a piece of. */
const wholes: Record<string, object> = {
  'settings.yaml': { organisation: 'Example', timeZone: 'UTC' },
  'systems/hr.yaml': { name: 'HR', connector: 'file', config: { path: 'hr.csv' } },
  'jobs/hr-to-people.yaml': { name: 'HR', source: 'hr', destination: 'people', key: 'row["Id"]', mapping: { employeeId: 'row["Id"]', displayName: 'row["Name"]' }, position: { start: 'row["Start"]' } },
}

/** Any other system. */
const directory = {
  name: 'Directory', connector: 'ldap',
  config: { url: 'ldaps://dc.example.org', profile: 'active-directory', bindDn: 'CN=usher,DC=example,DC=org', password: 'directory', base: 'DC=example,DC=org' },
}

test('every piece of policy that names its file fits into that file', () => {
  let pieces = 0
  for (const page of globSync('docs/{concepts,operating}/*.md', { cwd: root })) {
    for (const [, file = '', text = ''] of read(page).matchAll(/```yaml\n# ((?:systems|jobs)\/[\w-]+\.yaml|settings\.yaml)\n([\s\S]*?)```/g)) {
      const piece = merged(wholes[file] ?? directory, parse(text) as object)
      const files = Object.fromEntries(Object.entries({ ...wholes, [file]: piece }).map(([name, value]) => [name, JSON.stringify(value)]))
      assert.deepEqual(checkFiles(files, emptyPolicy, describeSystem({ connectors, filesFolder: '/tmp' })), [], `${page}: ${file}`)
      pieces++
    }
  }
  assert.ok(pieces >= 10, `${pieces}`)
})

/** `piece` over `whole`; what is an object in both is merged. */
function merged(whole: object, piece: object): object {
  const before = whole as Record<string, unknown>
  return Object.fromEntries(Object.entries({ ...before, ...piece }).map(([key, value]) =>
    [key, key in piece && isObject(value) && isObject(before[key]) ? merged(before[key], value) : value]))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// The command line's own page is made from it; decisions are history.
const pages = globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'examples/*/README.md', 'src/connectors/*/README.md'], { cwd: root })
  .filter((page) => page !== 'docs/reference/cli.md' && !page.startsWith('docs/decisions/'))

for (const page of pages) {
  test(`every command and script on ${page} is there`, () => {
    const text = read(page)
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts)
    for (const [, name = ''] of text.matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)) assert.ok(scripts.includes(name), `npm run ${name}`)
    for (const [line, words = ''] of text.matchAll(/^\s*(?:npm run usher -- |usher )([^#\n|]*)/gm)) assertCommand(words, line)
    for (const [line, words = ''] of text.matchAll(/`usher ([^`\n]+)`/g)) assertCommand(words, line)
  })
}

/** The words lead to a command, and each option is one of its own. */
function assertCommand(words: string, line: string): void {
  let command: Command = program
  const options: string[] = []
  for (const word of words.trim().split(/\s+/)) {
    const next = command.commands.find((child) => child.name() === word)
    if (next !== undefined && options.length === 0) command = next
    else if (word.startsWith('--')) options.push(word)
  }
  if (['help', '--version'].includes(words.trim())) return
  assert.ok(command !== program, `there is no such command: ${line}`)
  assert.equal(command.commands.length, 0, `this is not a whole command: ${line}`)
  const known = [...command.options, ...program.options].map((option) => option.long)
  for (const option of options) assert.ok(known.includes(option), `${option} is no option of: ${line}`)
}
