import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { exitOf, exits } from './exit.ts'
import { rememberingTerminal } from './fixture.ts'
import { main } from './main.ts'
import { confirm, type Session } from './session.ts'
import { during, endOf, moment } from './words.ts'

/** A port on which nobody answers. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a server that does not answer is named, with what to do', async () => {
  const terminal = rememberingTerminal()
  const url = `http://127.0.0.1:${await deadPort()}`
  assert.equal(await main(['--url', url, 'plan', 'list'], terminal), exits.unreachable.code)
  assert.match(terminal.errors.join('\n'), new RegExp(`does not answer at ${url}: connect ECONNREFUSED.*\n.*npm start`))
})

test('with --json an error is one JSON object', async () => {
  const terminal = rememberingTerminal()
  assert.equal(await main(['plan', 'list', '--json', '--url', `http://127.0.0.1:${await deadPort()}`], terminal), exits.unreachable.code)
  const { error } = JSON.parse(terminal.errors.join('')) as { error: { message: string; advice: string } }
  assert.match(error.message, /does not answer/)
  assert.equal(terminal.lines.length, 0)
})

test('a wrong command line is no other failure', async () => {
  for (const args of [['people', 'why-not', '4711'], ['plan', 'list', '--limit', 'many'], ['people', 'grant', '4711']]) {
    assert.equal(await main(args, rememberingTerminal()), exits.usage.code, args.join(' '))
  }
})

test('a file that is not there is named', async () => {
  const terminal = rememberingTerminal()
  assert.equal(await main(['systems', 'upload', '/nowhere/staff.xlsx'], terminal), exits.usage.code)
  assert.match(terminal.errors.join('\n'), /There is no file \/nowhere\/staff\.xlsx that can be read\.$/)
})

test('errors of the server have their exits', () => {
  const code = (error: string, status: number) => exits[exitOf(error, status)].code
  assert.equal(code('NOT_SIGNED_IN', 401), 3)
  assert.equal(code('NOT_ALLOWED', 403), 3)
  assert.equal(code('PLAN_BRAKED', 409), 4)
  assert.equal(code('POLICY_INVALID', 422), 5)
  assert.equal(code('SYSTEM_UNREACHABLE', 503), 6)
  assert.equal(code('PLAN_HASH_DIFFERS', 409), 7)
  assert.equal(code('toString', 500), 1)
})

test('what matters is asked for, and never done when nobody can answer', async () => {
  const session = (answers: string[], yes = false) => ({ terminal: rememberingTerminal(answers), yes }) as unknown as Session
  await confirm(session(['y']), 'Go?')
  await confirm(session(['12']), 'Go?', '12')
  await confirm(session([], true), 'Go?', '12')
  await assert.rejects(confirm(session(['']), 'Go?'), { exit: 'waits' })
  await assert.rejects(confirm(session(['y']), 'Go?', '12'), { exit: 'waits' })
  await assert.rejects(confirm(session([]), 'Go?'), { exit: 'usage' })
})

test('a date means all of that day, in the zone of whoever asks', () => {
  assert.equal(endOf('2026-11-30', 'Europe/Berlin'), '2026-11-30T23:00:00Z')
  assert.equal(during('2026-03-31', 'Europe/Berlin'), '2026-03-31T21:59:59Z')
  assert.equal(endOf('2026-11-30T12:00:00Z'), '2026-11-30T12:00:00Z')
  assert.throws(() => endOf('31.11.2026'), { exit: 'usage' })
  assert.equal(moment('2026-11-30T23:30:00Z', 'Europe/Berlin'), '2026-12-01 00:30')
})
