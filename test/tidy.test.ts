/** Tidy checks the shape of the code itself; as a test it needs no further tool. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { errors } from '../src/domain/errors.ts'
import {
  importsOutward, leftOversIn, longestFile, routesWithoutWords, testsSwitchedOff, tooLong, worldInDomain, type Files,
} from './tidy.ts'

const root = path.join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

function filesOf(...patterns: string[]): Files {
  const names = globSync(patterns, { cwd: root, exclude: (name) => /(^|\/)(node_modules|dist)$/.test(name) })
  return Object.fromEntries(names.map((name) => [name, read(name)]))
}

const source = filesOf('{src,web/src,bench,scripts,examples}/**/*.{ts,tsx}')
// The rules' own files hold the words that the rules look for.
const tests = filesOf('{test,src,web,bench}/**/*.{ts,tsx}')
delete tests['test/tidy.ts']
delete tests['test/tidy.test.ts']

test('imports point inward', () => assert.deepEqual(importsOutward(source), []))
test('domain/ reaches for nothing', () => assert.deepEqual(worldInDomain(source), []))
test('nothing is left over', () => assert.deepEqual(leftOversIn({ ...source, ...tests }), []))
test('no test is switched off', () => assert.deepEqual(testsSwitchedOff(tests), []))
test(`no source file is longer than ${longestFile} lines`, () => assert.deepEqual(tooLong(source), []))

test('every error code has its line in the manual, and every line its code', () => {
  const lines = [...read('docs/reference/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
  assert.deepEqual(lines.toSorted(), Object.keys(errors).toSorted())
})

test('every route says what it does', () => {
  assert.deepEqual(routesWithoutWords(JSON.parse(read('client/openapi.json'))), [])
})

test('every link in the manual leads somewhere', () => {
  const pages = filesOf('*.md', 'docs/**/*.md', 'src/connectors/*/README.md', 'examples/**/*.md')
  const broken = Object.entries(pages).flatMap(([file, text]) =>
    [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, to]) => path.posix.join(path.posix.dirname(file), to ?? ''))
      .filter((to) => globSync(to, { cwd: root }).length === 0)
      .map((to) => `${file}: ${to}`))
  assert.deepEqual(broken, [])
})

test('the rules find what is planted', () => {
  assert.deepEqual(importsOutward({
    'src/domain/a.ts': `import { readFile } from 'node:fs'\nimport { z } from 'zod'\nimport '../store/person.ts'`,
    'src/connectors/ldap/a.ts': `import x from '../postgresql/a.ts'\nimport type y from '../connector.ts'`,
    'src/engine/a.ts': `import x from '../connectors/ldap/a.ts'\nimport y from '../store/plan.ts'`,
    'src/store/a.ts': `const x = await import('../api/server.ts')\nimport type { y } from '../connectors/connector.ts'`,
    'src/store/b.ts': `import {\n  x,\n} from '../connectors/connector.ts'`,
    'src/cli/a.ts': `import x from '../engine/a.ts'\nimport y from '../../client/index.ts'`,
    'src/main.ts': `import x from './api/server.ts'\nimport y from './connectors/ldap/a.ts'`,
    'web/src/a.tsx': `import x from '../../src/store/a.ts'\nimport y from '../../client/index.ts'`,
  }), [
    'src/domain/a.ts: domain/ is free of I/O and imports node:fs',
    'src/domain/a.ts: imports store/person.ts',
    'src/connectors/ldap/a.ts: imports connectors/postgresql/a.ts',
    'src/engine/a.ts: imports connectors/ldap/a.ts',
    'src/store/a.ts: imports api/server.ts',
    'src/store/b.ts: imports connectors/connector.ts',
    'src/cli/a.ts: imports engine/a.ts',
    'web/src/a.tsx: imports src/store/a.ts',
  ])
  const world = 'const a = Date.now() + Math.random()\nfetch(process.env.URL)\nnew Date()\n// Date.now() in a comment is fine'
  assert.equal(worldInDomain({ 'src/domain/a.ts': world }).length, 5)
  assert.deepEqual(worldInDomain({ 'src/store/a.ts': world, 'src/domain/b.ts': '/* process.env */ const url = "https://a"' }), [])
  assert.equal(leftOversIn({ 'src/a.ts': 'let a: any = 1 // TODO\n// @ts-ignore\nconst b = a as any' }).length, 3)
  assert.deepEqual(leftOversIn({ 'src/a.ts': '/** any other name */ a ? b : any; `select 1 as any`' }), [])
  assert.equal(leftOversIn({ 'src/a.ts': 'f(a: any)', 'src/b.ts': 'let b: any[]', 'src/c.ts': 'new Map<any, string>()' }).length, 3)
  assert.equal(testsSwitchedOff({ 'test/a.test.ts': `test.only('x', () => {})`, 'test/b.test.ts': `test('x', { skip: true })` }).length, 2)
  assert.equal(tooLong({ 'src/a.ts': 'x\n'.repeat(longestFile + 1), 'src/b.ts': 'x\n'.repeat(longestFile) }).length, 1)
  assert.deepEqual(routesWithoutWords({ paths: { '/api/me': { get: {}, post: { summary: 'Says' } } } }), ['GET /api/me'])
})
