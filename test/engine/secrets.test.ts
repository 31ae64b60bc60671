/** Sealed credentials on a real PostgreSQL. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { deleteSecret, openSecrets, secretResolver, setSecret } from '../../src/engine/secrets.ts'
import { openVault, vaultOf } from '../../src/engine/vault.ts'
import { connect, migrate, type Pool } from '../../src/store/database.ts'
import { listSecrets } from '../../src/store/secret.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'

const now = '2026-11-21T08:00:00.000Z'
let server: TestPostgres
let pool: Pool
let folder: string
before(async () => {
  server = await startPostgres()
  pool = connect(server.url)
  await migrate(pool)
  folder = await mkdtemp(path.join(tmpdir(), 'usher-secrets-'))
})
after(async () => {
  await pool.end()
  await server.stop()
  await rm(folder, { recursive: true })
})
const withCode = (code: string, words = /./) => (error: unknown) => error instanceof UsherError && error.code === code && words.test(error.message)

test('a stored secret comes back, is listed without its value, and can be replaced and deleted', async () => {
  const vault = await openVault(folder, undefined)
  const context = { pool, vault, now: () => now }
  const resolve = secretResolver({ pool, vault, environment: {}, dataFolder: folder })
  await setSecret(context, 'ad/bind', 'first', 'ada')
  await setSecret(context, 'ad/bind', 's3cret ä', 'bob')
  assert.equal(await resolve('ad/bind'), 's3cret ä')
  assert.deepEqual(await listSecrets(pool), [{ reference: 'ad/bind', changedAt: now, changedBy: 'bob' }])
  const { rows } = await pool.query<{ all: string }>(`select (select string_agg(encode(envelope, 'escape'), '') from secret) || (select string_agg(detail::text, '') from audit) as all`)
  assert.doesNotMatch(rows[0]!.all, /s3cret|first/)
  await deleteSecret(context, 'ad/bind', 'ada')
  await assert.rejects(resolve('ad/bind'), withCode('SECRET_MISSING', /"ad\/bind" is not stored/))
  await assert.rejects(deleteSecret(context, 'ad/bind', 'ada'), withCode('NOT_FOUND'))
  await assert.rejects(setSecret(context, 'env:X', 'x', 'ada'), withCode('INVALID_INPUT'))
  const audited = await pool.query<{ action: string }>('select action from audit order by id')
  assert.deepEqual(audited.rows.map((row) => row.action), ['secret.set', 'secret.set', 'secret.deleted'])
})

test('an envelope opens with its key and for its purpose only', async () => {
  const [one, two] = [randomBytes(32), randomBytes(32)]
  const envelope = vaultOf([one]).seal('text', 'a')
  assert.equal(vaultOf([two, one]).open(envelope, 'a'), 'text', 'a replaced key still opens')
  assert.throws(() => vaultOf([two]).open(envelope, 'a'), withCode('MASTER_KEY_UNUSABLE', /sealed with master key [0-9a-f]{16}/))
  assert.throws(() => vaultOf([one]).open(envelope, 'b'), withCode('MASTER_KEY_UNUSABLE', /altered, or belongs/))
  envelope[envelope.length - 1]! ^= 1
  assert.throws(() => vaultOf([one]).open(envelope, 'a'), withCode('MASTER_KEY_UNUSABLE', /altered/))
  assert.notDeepEqual(vaultOf([one]).seal('text'), vaultOf([one]).seal('text'))
})

test('the master key is made once, for its owner only; the environment goes first', async () => {
  const file = path.join(folder, 'master.key')
  const key = await readFile(file, 'utf8')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const envelope = (await openVault(folder, undefined)).seal('text')
  assert.equal(await readFile(file, 'utf8'), key)
  assert.equal((await openVault('/nowhere', key)).open(envelope), 'text')
  await assert.rejects(openVault(folder, 'c2hvcnQ='), withCode('MASTER_KEY_UNUSABLE', /32 bytes in base64, this is 5/))
  await chmod(file, 0o644)
  await assert.rejects(openVault(folder, undefined), withCode('MASTER_KEY_UNUSABLE', /chmod 600/))
  await chmod(file, 0o600)
})

test('opened as one: what is set resolves, other keys derive from the same master key', async () => {
  const secrets = await openSecrets({ pool, dataFolder: folder, now: () => now, environment: {} })
  await secrets.set('db', 'x', 'ada')
  assert.equal(await secrets.resolve('db'), 'x')
  assert.deepEqual((await secrets.list()).map((secret) => secret.reference), ['db'])
  const again = await openSecrets({ pool, dataFolder: folder, now: () => now, environment: {} })
  assert.deepEqual(again.derive('a'), secrets.derive('a'))
  assert.notDeepEqual(secrets.derive('a'), secrets.derive('b'))
  assert.equal(again.open(secrets.seal('first password')), 'first password')
})

test('references to the environment and to files; Usher\'s own are not given out', async () => {
  const vault = await openVault(folder, undefined)
  const outside = await mkdtemp(path.join(tmpdir(), 'usher-outside-'))
  await writeFile(path.join(outside, 'password'), 'from file\n')
  const resolve = secretResolver({ pool, vault, environment: { LDAP_PASSWORD: 'from env', USHER_MASTER_KEY: 'x', DATABASE_URL: 'x' }, dataFolder: folder })
  assert.equal(await resolve('env:LDAP_PASSWORD'), 'from env')
  assert.equal(await resolve(`file:${outside}/password`), 'from file')
  await symlink(path.join(folder, 'master.key'), path.join(outside, 'link'))
  for (const reference of [`file:${outside}/link`, 'env:USHER_MASTER_KEY', 'env:DATABASE_URL', 'env:NOT_SET', `file:${folder}/master.key`, `file:${outside}/../${path.basename(folder)}/master.key`, `file:${outside}/none`]) {
    await assert.rejects(resolve(reference), withCode('SECRET_MISSING'), reference)
  }
  await rm(outside, { recursive: true })
})
