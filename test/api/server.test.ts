import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

let world: World
let webFolder: string
before(async () => {
  webFolder = await mkdtemp(path.join(tmpdir(), 'usher-web-'))
  await mkdir(path.join(webFolder, 'assets'))
  await writeFile(path.join(webFolder, 'index.html'), '<!doctype html><title>Usher</title>')
  await writeFile(path.join(webFolder, 'assets/app-1a2b.js'), 'export {}')
  world = await startWorld({ webFolder })
})
after(async () => {
  await world.close()
  await rm(webFolder, { recursive: true })
})

test('the web UI is served: its page for every address of its own, its files for ever', async () => {
  for (const url of ['/', '/people', '/plans/00000000-0000-4000-8000-000000000001', '/setup?token=x']) {
    const page = await world.app.inject(url)
    assert.equal(page.statusCode, 200, url)
    assert.match(page.body, /<title>Usher/)
    assert.equal(page.headers['cache-control'], 'no-cache')
  }
  const file = await world.app.inject('/assets/app-1a2b.js')
  assert.match(String(file.headers['content-type']), /javascript/)
  assert.match(String(file.headers['cache-control']), /immutable/)
})

test('what is not there is named so, for the API and for files', async () => {
  for (const url of ['/api/nothing', '/assets/gone.js', '/api/', '/assets/%2e%2e/%2e%2e/package.json', '/.env']) {
    const answer = await world.app.inject(url)
    assert.ok([403, 404].includes(answer.statusCode), `${url}: ${answer.statusCode}`)
    assert.ok(answer.json().error.code, url)
  }
})

/** Each way in, as a program, a browser, and whoever signs in: what is answered. */
async function waysIn(): Promise<{ byToken: LightMyRequestResponse; byCookie: LightMyRequestResponse; signIn: LightMyRequestResponse }> {
  const { app } = world
  const signIn = () => app.inject({
    method: 'POST', url: '/api/auth/sign-in/email', headers: { host: 'localhost:7070', origin: 'http://localhost:7070' },
    payload: { email: 'administrator@example.org', password: 'password of administrator' },
  })
  const byToken = await world.as('administrator')('GET', '/api/me')
  cookie ??= [(await signIn()).headers['set-cookie']].flat().map((line) => String(line).split(';')[0]).join('; ')
  return { byToken, byCookie: await app.inject({ url: '/api/me', headers: { cookie } }), signIn: await signIn() }
}
let cookie: string | undefined

const codesOf = (answers: Record<string, LightMyRequestResponse>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(answers).map(([way, answer]) => [way, answer.statusCode === 200 ? 200 : answer.json().error.code]))

test('a database that is away is named, and everything goes on when it is back', async () => {
  assert.equal((await world.app.inject('/healthz')).statusCode, 200)
  assert.deepEqual(codesOf(await waysIn()), { byToken: 200, byCookie: 200, signIn: 200 })
  await world.database.pause()
  try {
    const health = await world.app.inject('/healthz')
    assert.equal(health.statusCode, 503, health.body)
    assert.equal(health.json().error.code, 'DATABASE_UNREACHABLE')
    const away = 'DATABASE_UNREACHABLE'
    assert.deepEqual(codesOf(await waysIn()), { byToken: away, byCookie: away, signIn: away }, 'nobody is told that their token or password is wrong')
  } finally {
    await world.database.resume()
  }
  assert.equal((await world.app.inject('/healthz')).statusCode, 200)
  assert.deepEqual(codesOf(await waysIn()), { byToken: 200, byCookie: 200, signIn: 200 })
})

test('a disk of the database that is full is named', async () => {
  await waysIn()
  await world.pool.query(`
    create function full_disk() returns trigger language plpgsql as $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$;
    create trigger full_disk before insert or update on auth."apikey" execute function full_disk();
    create trigger full_disk before insert or update on auth."session" execute function full_disk();`)
  try {
    const { byToken, signIn } = codesOf(await waysIn())
    assert.deepEqual({ byToken, signIn }, { byToken: 'DATABASE_FULL', signIn: 'DATABASE_FULL' })
    assert.equal((await world.pool.query(`select from audit where action = 'user.sign-in-refused'`)).rowCount, 0)
  } finally {
    await world.pool.query('drop function full_disk cascade')
  }
  assert.deepEqual(codesOf(await waysIn()), { byToken: 200, byCookie: 200, signIn: 200 })
})
