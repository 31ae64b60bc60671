/** Signing in from the command line, roles, and a restart, on an Usher with its private PostgreSQL. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { runCli, startUsher, type TestUsher } from '../servers/usher.ts'

const root = path.join(import.meta.dirname, '../..')
const home = mkdtempSync(path.join(tmpdir(), 'usher-home-'))
// The private PostgreSQL of a root's Usher runs as another user, who must get in.
chmodSync(home, 0o755)
let usher: TestUsher

before(async () => { usher = await startUsher() })
after(async () => {
  await usher?.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Without a token in the environment: what `usher login` stored is all there is. */
const cli = (args: string[], input = '') => runCli(args, { input, env: { XDG_CONFIG_HOME: home } })

test('nobody is let in without signing in', async () => {
  const { code, stderr } = await cli(['--url', usher.url, 'plan', 'list'])
  assert.equal(code, 3)
  assert.match(stderr, /NOT_SIGNED_IN/)
})

test('a wrong password is refused, and nothing is stored', async () => {
  const { code, stdout } = await cli(['login', '--url', usher.url, '--email', 'ada@example.org'], 'wrong password\n')
  assert.equal(code, 3)
  assert.equal(stdout, '')
  assert.equal((await cli(['--url', usher.url, 'status'])).code, 3)
})

test('after login the command line knows the server and who it is', async () => {
  const login = await cli(['login', '--url', usher.url, '--email', 'ada@example.org'], 'correct horse battery\n')
  assert.equal(login.code, 0, login.stderr)
  assert.match(login.stdout, /as Ada Admin \(administrator\)/)
  const file = path.join(home, 'usher', 'login.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /correct horse/)
  const status = await cli(['status'])
  assert.equal(status.code, 0, status.stderr)
  assert.match(status.stdout, /as Ada Admin/)
  assert.doesNotMatch(status.stdout, /\u001b/, 'no colours where nobody looks')
})

test('a token does what its role may, and no more', async () => {
  const made = await cli(['token', 'create', 'look only', '--role', 'auditor', '--json'])
  const { secret, token } = JSON.parse(made.stdout) as { secret: string; token: { id: string } }
  const as = (args: string[]) => runCli(args, { env: { USHER_URL: usher.url, USHER_TOKEN: secret } })
  assert.equal((await as(['audit', 'list'])).code, 0)
  const refused = await as(['plan', 'new'])
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /NOT_ALLOWED/)
  assert.equal((await cli(['token', 'delete', token.id, '--yes'])).code, 0)
  assert.equal((await as(['audit', 'list'])).code, 3)
})

test('a new user gets a link, a role, and is kept out when disabled', async () => {
  const added = await cli(['user', 'add', 'jan@example.org', '--name', 'Jan Novák', '--role', 'operator'])
  assert.match(added.stdout, new RegExp(`${usher.url}/\\S+token=`))
  assert.match((await cli(['user', 'setup-link', 'jan@example.org'])).stdout, /token=/)
  assert.equal((await cli(['user', 'role', 'jan@example.org', 'helpdesk'])).code, 0)
  assert.equal((await cli(['user', 'disable', 'jan@example.org'])).code, 0)
  assert.match((await cli(['user', 'list'])).stdout, /jan@example\.org +Jan Novák +helpdesk +disabled/)
})

test('killed and started again, it knows what it knew', async () => {
  await usher.kill()
  assert.equal((await cli(['status'])).code, 6)
  await usher.start()
  assert.doesNotMatch(usher.output(), /setup\?token/)
  assert.match((await cli(['user', 'list'])).stdout, /jan@example\.org/)
  assert.equal((await cli(['audit', 'verify'])).code, 0)
})

test('a backup of the running Usher is restored into a new data folder', async () => {
  const copy = path.join(home, 'restored')
  const file = path.join(home, 'usher.bak')
  const script = (verb: string, data: string) => promisify(execFile)(process.execPath, ['scripts/backup.ts', verb, file], {
    cwd: root, env: { PATH: process.env['PATH'], USHER_DATA: data },
  })
  assert.match((await script('backup', usher.data)).stdout, /rows of \d+ tables/)
  assert.match((await script('restore', copy)).stdout, /Restored/)
  await assert.rejects(script('restore', copy), /not empty/)
})

test('after logout nobody is signed in', async () => {
  assert.equal((await cli(['logout'])).code, 0)
  assert.equal((await cli(['status'])).code, 3)
})
