/** The private PostgreSQL: started as root and as an ordinary user, killed, adopted, owned by one process only. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, test, type TestContext } from 'node:test'
import pg from 'pg'
import { runningServer, stopServer, unprivilegedUser } from '../../src/store/postgres-server.ts'

const isRoot = process.getuid?.() === 0
const script = path.join(import.meta.dirname, 'private-postgres-process.ts')
const children = new Set<ChildProcess>()
after(() => { for (const child of children) child.kill('SIGKILL') })

interface Started { child: ChildProcess; url: string; log: string[]; pid: number }

/** Runs `startPrivatePostgres` in a process of its own, which can be killed. */
async function start(folder: string, as?: { uid: number; gid: number }, handleSignals = false): Promise<Started> {
  const child = spawn(process.execPath, [script, folder, handleSignals ? 'handle' : 'leave'],
    { ...as, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  let errors = ''
  child.stderr.on('data', (chunk) => { errors += chunk })
  const log: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('postgres://')) return { child, url: line, log, pid: child.pid ?? 0 }
    log.push(line)
  }
  throw new Error(errors)
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

async function newFolder(t: TestContext, parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(path.join(parent, 'usher-data-'))
  chmodSync(folder, 0o755)
  t.after(async () => {
    await stopServer(path.join(folder, 'postgres'))
    const place = lstatSync(path.join(folder, 'postgres'), { throwIfNoEntry: false })
    if (place?.isSymbolicLink()) rmSync(path.dirname(readlinkSync(path.join(folder, 'postgres'))), { recursive: true })
    await rm(parent === tmpdir() ? folder : parent, { recursive: true, force: true })
  })
  return folder
}

/** Everything that a data folder must survive, as whoever the processes run. */
async function lifeOf(folder: string, as?: { uid: number; gid: number }): Promise<Started> {
  const first = await start(folder, as)
  assert.deepEqual(await query(first.url, 'show fsync'), [['on']])
  assert.deepEqual(await query(first.url, 'show listen_addresses'), [['127.0.0.1']])
  if (process.platform !== 'win32') assert.deepEqual(await query(first.url, 'select inet_client_addr()'), [[null]], 'it is spoken to by its socket')
  await query(first.url, 'create table kept (word text)')
  await query(first.url, `insert into kept values ('before the kill')`)
  const server = runningServer(path.join(folder, 'postgres'))
  assert.ok(server, 'a server runs')

  await end(first.child, 'SIGKILL')
  assert.equal(runningServer(path.join(folder, 'postgres'))?.pid, server.pid, 'the server outlives a killed owner')
  const adopted = await start(folder, as)
  assert.equal(runningServer(path.join(folder, 'postgres'))?.pid, server.pid, 'and is adopted')
  assert.deepEqual(await query(adopted.url, 'select * from kept'), [['before the kill']])

  await assert.rejects(start(folder, as), /DATA_FOLDER_IN_USE/)
  assert.deepEqual(await query(adopted.url, 'select 1'), [[1]], 'the refused one does the owner no harm')

  // Both at once: an owner that is still alive would start the server again.
  adopted.child.kill('SIGSTOP')
  process.kill(server.pid, 'SIGKILL')
  await end(adopted.child, 'SIGKILL')
  assert.ok(existsSync(path.join(folder, 'postgres', 'postmaster.pid')), 'a power cut leaves the pid file')
  const again = await start(folder, as)
  assert.deepEqual(await query(again.url, 'select * from kept'), [['before the kill']], 'what was committed is there')
  return again
}

test('as whoever runs the tests: data survives kill -9 of owner and server; one owner; SIGTERM stops it', async (t) => {
  const folder = await newFolder(t)
  const last = await lifeOf(folder)
  assert.equal(statSync(path.join(folder, 'postgres.json')).mode & 0o777, 0o600)
  await end(last.child, 'SIGTERM')
  assert.equal(existsSync(path.join(folder, 'postgres', 'postmaster.pid')), false)

  const port = Number(new URL(last.url).port)
  const interrupted = await start(folder)
  assert.equal(Number(new URL(interrupted.url).port), port, 'the port is remembered')
  await end(interrupted.child, 'SIGINT')
  assert.equal(existsSync(path.join(folder, 'postgres', 'postmaster.pid')), false)
})

test('an ordinary user starts it as well', { skip: isRoot ? false : 'covered by the test above' }, async (t) => {
  const nobody = unprivilegedUser()
  assert.ok(nobody)
  const folder = await newFolder(t)
  chownSync(folder, nobody.uid, nobody.gid)
  const last = await lifeOf(folder, nobody)
  assert.equal(statSync(path.join(folder, 'postgres.json')).uid, nobody.uid)
  await end(last.child, 'SIGTERM')
})

test('root with a data folder in a closed folder', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const closed = await mkdtemp(path.join(tmpdir(), 'usher-closed-'))
  const folder = await newFolder(t, closed)
  const first = await start(folder)
  assert.match(
    first.log.join('\n'),
    /closed to the user that runs PostgreSQL, so its database lives in \/var\/lib\/usher\/data-/,
  )
  await query(first.url, 'create table kept (word text)')
  await end(first.child, 'SIGTERM')
  const second = await start(folder)
  assert.deepEqual(await query(second.url, 'select count(*) from kept'), [['0']])
  assert.equal(statSync(closed).mode & 0o777, 0o700, 'the closed folder stays closed')
  await end(second.child, 'SIGTERM')
})

test('a server that dies under its owner is started again, on the same port and with what was committed', async (t) => {
  const folder = await newFolder(t)
  const owner = await start(folder)
  await query(owner.url, 'create table kept (word text)')
  const first = runningServer(path.join(folder, 'postgres'))!
  process.kill(first.pid, 'SIGKILL')
  let rows: unknown[][] | undefined
  for (let looks = 0; rows === undefined && looks < 600; looks++) {
    rows = await query(owner.url, 'select count(*)::int from kept').catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.deepEqual(rows, [[0]])
  assert.notEqual(runningServer(path.join(folder, 'postgres'))?.pid, first.pid)
  await assert.rejects(start(folder), /DATA_FOLDER_IN_USE/)
  await end(owner.child, 'SIGTERM')
  assert.equal(runningServer(path.join(folder, 'postgres')), undefined, 'and stops with it')
})

test('a program that handles the signal itself stops the server after what still needs it', async (t) => {
  const folder = await newFolder(t)
  const first = await start(folder, undefined, true)
  const said = once(createInterface({ input: first.child.stdout! }), 'line')
  await end(first.child, 'SIGTERM')
  assert.deepEqual(await said, ['answered after the signal: 1'])
  assert.equal(existsSync(path.join(folder, 'postgres', 'postmaster.pid')), false)
})

test('a port that was taken meanwhile is replaced; a pid that belongs to somebody else by now is no server', async (t) => {
  const folder = await newFolder(t)
  const first = await start(folder)
  const port = Number(new URL(first.url).port)
  const pidFile = readFileSync(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8')
  await end(first.child, 'SIGTERM')
  writeFileSync(path.join(folder, 'postgres', 'postmaster.pid'), pidFile.replace(/^\d+/, String(process.pid)))
  const squatter = createServer().listen(port, '127.0.0.1')
  t.after(() => squatter.close())
  await once(squatter, 'listening')
  const second = await start(folder)
  assert.notEqual(Number(new URL(second.url).port), port)
  assert.deepEqual(await query(second.url, 'select 1'), [[1]])
  await end(second.child, 'SIGTERM')
})

test('two that start at the same moment: one owns the folder, the other is told', async (t) => {
  const folder = await newFolder(t)
  const both = await Promise.allSettled([start(folder), start(folder)])
  const won = both.filter((outcome) => outcome.status === 'fulfilled')
  const lost = both.filter((outcome) => outcome.status === 'rejected')
  assert.equal(won.length, 1, String(lost[0]?.reason))
  assert.match(String(lost[0]?.reason), /DATA_FOLDER_IN_USE/)
  assert.deepEqual(await query(won[0]?.value.url ?? '', 'select 1'), [[1]])
  await end(won[0]!.value.child, 'SIGTERM')
})
