import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { defaultUrl, settingsFor, storeLogin } from './settings.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'usher-cli-'))
after(() => rmSync(folder, { recursive: true }))
const env = { XDG_CONFIG_HOME: folder }

test('without anything it is this machine, as nobody', () => {
  assert.deepEqual(settingsFor({}, { XDG_CONFIG_HOME: path.join(folder, 'none') }), { url: defaultUrl })
})

test('options come before the environment, and the environment before what was stored', () => {
  storeLogin('https://stored.example', 'stored-token', env)
  assert.deepEqual(settingsFor({}, env), { url: 'https://stored.example', token: 'stored-token' })
  assert.deepEqual(settingsFor({}, { ...env, USHER_TOKEN: 'other' }), { url: 'https://stored.example', token: 'other' })
  assert.equal(settingsFor({ url: 'https://b.example/' }, { ...env, USHER_URL: 'https://a.example' }).url, 'https://b.example')
})

test('an address that is none is named, before anything is asked of it', () => {
  for (const url of ['usher', 'localhost:7070', 'ftp://usher.example']) {
    assert.throws(() => settingsFor({ url }, env), { exit: 'usage', message: `"${url}" is not the address of a server.` })
  }
})

test('a token is never sent to another server', () => {
  storeLogin('https://stored.example', 'stored-token', env)
  assert.deepEqual(settingsFor({}, { ...env, USHER_URL: 'https://elsewhere.example' }), { url: 'https://elsewhere.example' })
})

test('only the owner can read the file, and logging out removes the token', () => {
  const file = storeLogin('https://stored.example', 'stored-token', env)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  storeLogin('https://stored.example', undefined, env)
  assert.ok(!readFileSync(file, 'utf8').includes('stored-token'))
})
