/** `npm run demo`: the example company on a machine with nothing but Node, with private servers only. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { createUsherClient } from '../../client/index.ts'
import { freePort } from '../../src/store/postgres-server.ts'

const root = path.join(import.meta.dirname, '../..')
let data: string
const started: Demo[] = []

before(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'usher-demo-'))
  await chmod(data, 0o755)
})
after(async () => {
  for (const { child, code } of started) {
    child.kill('SIGTERM')
    await code
  }
  await rm(data, { recursive: true, force: true })
})

interface Demo { child: ChildProcess; output(): string; code: Promise<number | null> }

function demo(port: number, ...flags: string[]): Demo {
  const { NODE_TEST_CONTEXT: _, DATABASE_URL: __, ...env } = process.env
  const child = spawn(process.execPath, ['src/main.ts', 'demo', ...flags], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, USHER_DATA: data, PORT: String(port), USHER_URL: `http://127.0.0.1:${port}` },
  })
  // In order, so that its private servers go with it.
  process.once('exit', () => child.kill('SIGTERM'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk })
  const one = { child, output: () => output, code: once(child, 'exit').then(([code]) => code as number | null) }
  started.push(one)
  return one
}

test('--once plays the first day to its end, says what it read, planned, applied and read back, and stops', async () => {
  const { code, output } = demo(await freePort(), '--once')
  assert.equal(await code, 0, output())
  assert.match(output(), /^Read +3\d\d rows of company\.xlsx; \d+ set aside, each with its cell; 3\d\d people\.$/m)
  assert.match(output(), /^Planned +people: \+ 3\d\d create; warehouse: .*\+ \d+ create.*→ \d+ grant/m)
  assert.match(output(), /^Applied +\d+ people, and \d+ changes in the warehouse, each one seen there afterwards\.$/m)
  assert.match(output(), /^Read back +\d+ accounts and \d+ memberships; nothing is left to do\.$/m)
  assert.match(output(), /^Waiting +plan \d+ for the next day's staff list: people: .+; warehouse: .+\.$/m)
})

test('started again it serves, a link signs in once, and the second day waits as a plan to be reviewed', async () => {
  const port = await freePort()
  const { child, output, code } = demo(port)
  let link: RegExpExecArray | null = null
  while ((link = /Sign in \(this link works once\): (\S+)\n[\s\S]*Ctrl-C/.exec(output())) === null) {
    assert.equal(child.exitCode, null, output())
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const answer = await fetch(link[1]!, { redirect: 'manual' })
  assert.ok(answer.status < 400, `${answer.status}`)
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const client = createUsherClient(`http://127.0.0.1:${port}`)
  const { data: plans } = await client.GET('/api/plans', { headers: { cookie } })
  const waiting = plans!.items.filter((plan) => plan.state === 'open' || plan.state === 'held')
  assert.equal(waiting.length, 1, JSON.stringify(plans!.items.map((p) => p.state)))
  child.kill('SIGTERM')
  assert.equal(await code, 0, output())
})
