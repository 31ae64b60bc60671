import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { ConnectorDefinition, Reader, Writer } from '../connectors/connector.ts'
import { UsherError, type ErrorCode } from '../domain/errors.ts'
import type { System } from '../domain/policy.ts'
import type { Context } from './context.ts'
import { warmSystems } from './warm-systems.ts'

const system = { id: 'app', name: 'App', connector: 'fake', config: {} } as System
const { signal } = new AbortController()

function fakes() {
  const state = { now: 0, opened: 0, closed: 0, asked: 0, fails: null as ErrorCode | null }
  const half = () => {
    state.opened++
    return {
      keepReady: async () => {
        state.asked++
        if (state.fails !== null) throw new UsherError(state.fails, 'no')
      },
      close: async () => { state.closed++ },
    }
  }
  const connector = { kind: 'fake', configSchema: z.object({}), openReader: () => half() as unknown as Reader, openWriter: () => half() as unknown as Writer }
  const context = {
    connectors: [connector as unknown as ConnectorDefinition], now: () => new Date(state.now).toISOString(), log: { info() {}, warn() {}, error() {} },
  } as unknown as Context
  return { state, warm: warmSystems(context) }
}

test('both halves are made ready ahead, stay open while they are lent and given back, and are closed at the end', async () => {
  const { state, warm } = fakes()
  await warm.keepReady([system], signal)
  await warm.keepReady([system], signal)
  await warm.reader(system).close()
  await warm.writer(system).close()
  assert.deepEqual([state.opened, state.asked, state.closed], [2, 4, 0])
  await warm.close()
  assert.equal(state.closed, 2)
})

test('what is kept ready is not tidied away; what is no longer asked for is', async () => {
  const { state, warm } = fakes()
  for (; state.now < 600_000; state.now += 30_000) {
    await warm.keepReady([system], signal)
    await warm.tidy()
  }
  assert.deepEqual([state.opened, state.closed], [2, 0])
  state.now += 600_000
  await warm.tidy()
  assert.equal(state.closed, 2)
})

test('a system that refuses the sign-in is left alone for a quarter of an hour, one that is away for a minute', async () => {
  for (const [code, minutes] of [['SYSTEM_SIGN_IN_FAILED', 15], ['SYSTEM_UNREACHABLE', 1]] as const) {
    const { state, warm } = fakes()
    state.fails = code
    await warm.keepReady([system], signal)
    assert.equal(state.asked, 2)
    state.now += minutes * 60_000 - 1
    await warm.keepReady([system], signal)
    assert.equal(state.asked, 2)
    state.now += 1
    await warm.keepReady([system], signal)
    assert.equal(state.asked, 4)
  }
})
