import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
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

test('a database that is away is named, and everything goes on when it is back', async () => {
  assert.equal((await world.app.inject('/healthz')).statusCode, 200)
  await world.database.pause()
  try {
    const health = await world.app.inject('/healthz')
    assert.equal(health.statusCode, 503, health.body)
    assert.equal(health.json().error.code, 'DATABASE_UNREACHABLE')
  } finally {
    await world.database.resume()
  }
  assert.equal((await world.app.inject('/healthz')).statusCode, 200)
})
