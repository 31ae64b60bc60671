import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { baseOf, readFolder, removeStrays, writeFolder } from './policy-folder.ts'

const top = mkdtempSync(path.join(tmpdir(), 'usher-policy-'))
after(() => rmSync(top, { recursive: true }))
const files = { 'settings.yaml': 'organisation: A\n', 'systems/hr.yaml': 'id: hr\n' }

test('what was exported is read back, with the revision that it started from', () => {
  const folder = path.join(top, 'a')
  writeFolder(folder, 7, files, { settings: { type: 'object' } })
  assert.deepEqual(readFolder(folder), files)
  assert.equal(baseOf(folder), 7)
  assert.ok(existsSync(path.join(folder, 'schema/settings.json')))
})

test('files that were written by hand start from the empty policy; a damaged note is not guessed at', () => {
  const folder = path.join(top, 'a')
  rmSync(path.join(folder, '.usher.json'))
  assert.equal(baseOf(folder), 0)
  writeFileSync(path.join(folder, '.usher.json'), '{')
  assert.throws(() => baseOf(folder), { exit: 'usage' })
})

test('files of objects that are gone are named, and removed only where asked', () => {
  const folder = path.join(top, 'a')
  assert.deepEqual(removeStrays(folder, { 'settings.yaml': '' }, false), ['systems/hr.yaml'])
  assert.ok(existsSync(path.join(folder, 'systems/hr.yaml')))
  removeStrays(folder, { 'settings.yaml': '' }, true)
  assert.ok(!existsSync(path.join(folder, 'systems/hr.yaml')))
})

test('a server cannot make us write outside the folder', () => {
  assert.throws(() => writeFolder(path.join(top, 'b'), 1, { '../outside.yaml': 'x' }, {}), { exit: 'failed' })
  assert.ok(!existsSync(path.join(top, 'outside.yaml')))
})

test('an empty folder is not a policy', () => {
  assert.throws(() => readFolder(top), { exit: 'usage' })
  assert.throws(() => readFolder(path.join(top, 'none')), { exit: 'usage' })
})
