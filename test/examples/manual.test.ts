/** What the manual tells people to write and to type is right. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
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

for (const page of ['README.md', 'docs/start.md', 'examples/policy/README.md', 'docs/operating/trouble.md', 'docs/operating/backup.md', 'docs/concepts/reasons.md',
  'docs/concepts/methods-and-brakes.md', 'docs/operating/security.md', 'docs/operating/metrics.md', 'docs/operating/upgrade.md']) {
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
