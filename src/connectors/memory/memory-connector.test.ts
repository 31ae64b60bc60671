import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsherError } from '../../domain/errors.ts'
import type { ReadEnd, Reader, SystemChange } from '../connector.ts'
import { memoryConnector } from './memory-connector.ts'
import { addRecord, newMemorySystem, unfired, type Fault, type MemorySystem } from './memory-world.ts'

const signal = new AbortController().signal
const anna: SystemChange = {
  kind: 'create',
  objectType: 'user',
  name: 'anna',
  attributes: { name: 'anna' },
  enabled: true,
}

function open(faults: Omit<Fault, 'fired'>[], system: MemorySystem = newMemorySystem()) {
  system.faults = faults.map((fault) => ({ ...fault, fired: 0 }))
  const connector = memoryConnector({ systems: { crm: system } })
  const config = { system: 'crm', pageSize: 2, parallel: 4 }
  const secrets = async () => ''
  return { system, reader: connector.openReader(config, secrets), writer: connector.openWriter!(config, secrets) }
}

async function endOf(reader: Reader): Promise<{ pages: number; end: ReadEnd }> {
  const reading = reader.read({ objectTypes: [] }, signal)
  for (let pages = 0; ; pages++) {
    const step = await reading.next()
    if (step.done) return { pages, end: step.value }
  }
}

test('a lost answer: it is done, and the second try finds it', async () => {
  const { system, writer } = open([{ operation: 'create', attempt: 1, effect: 'lose-answer' }])
  const lost = await writer.apply(anna, signal)
  assert.deepEqual(lost, {
    outcome: 'failed',
    retryable: true,
    code: 'SYSTEM_UNREACHABLE',
    words: 'The connection broke.',
  })
  assert.equal(system.records.size, 1)
  const second = await writer.apply(anna, signal)
  assert.equal(second.outcome === 'failed' && second.code, 'ALREADY_EXISTS')
  assert.deepEqual(unfired(system), [])
})

test('a broken connection: nothing is done; refused: no retry; slow: done', async () => {
  const { system, writer } = open([
    { operation: 'create', attempt: 1, effect: 'disconnect' },
    { operation: 'create', attempt: 2, effect: 'refuse' },
    { operation: 'create', attempt: 3, effect: 'slow' },
  ])
  const first = await writer.apply(anna, signal)
  assert.deepEqual([first.outcome === 'failed' && first.retryable, system.records.size], [true, 0])
  const second = await writer.apply(anna, signal)
  assert.deepEqual(
    [second.outcome === 'failed' && [second.code, second.retryable], system.records.size],
    [['SYSTEM_REFUSED', false], 0],
  )
  assert.equal((await writer.apply(anna, signal)).outcome, 'done')
  assert.deepEqual(unfired(system), [])
})

test('a read that breaks before a page is not complete, and the next one is', async () => {
  const system = newMemorySystem()
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    addRecord(system, { objectType: 'user', name, attributes: { name }, enabled: true })
  const { reader } = open([{ operation: 'read', attempt: 1, page: 3, effect: 'disconnect' }], system)
  const broken = await endOf(reader)
  assert.deepEqual(broken, {
    pages: 2,
    end: { complete: false, count: 4, code: 'SYSTEM_UNREACHABLE', because: 'The connection broke.' },
  })
  assert.deepEqual(await endOf(reader), { pages: 3, end: { complete: true, count: 5 } })
})

test('a lookup that breaks says so', async () => {
  const { reader, system } = open([
    { operation: 'lookup', effect: 'disconnect' },
    { operation: 'delete', effect: 'refuse' },
  ])
  await assert.rejects(
    reader.lookup!([{ objectType: 'user', name: 'anna' }], { objectTypes: [] }, signal),
    (error) => error instanceof UsherError && error.code === 'SYSTEM_UNREACHABLE',
  )
  assert.deepEqual(
    unfired(system).map((fault) => fault.operation),
    ['delete'],
    'a fault that never fired is listed',
  )
})
