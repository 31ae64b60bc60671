/**
 * Answers that real servers give only now and then, written byte by byte: empty pages, pages without a word about the next
 * one, a connection cut inside an entry, bytes that are no LDAP. Each must be read to the end or end as incomplete.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { BerReader, BerWriter } from 'ldapts'
import type { ReadEnd } from '../../src/connectors/connector.ts'
import { open, readAll } from './ldap-fixture.ts'

const paged = '1.2.840.113556.1.4.319'
const people = 'ou=people,dc=example,dc=org'

interface AnswerPage { entries: number, cookie: string | undefined, code?: number, cut?: boolean }

test('an empty page in the middle is not the end', async () => {
  const { end, ids } = await readFrom([{ entries: 2, cookie: 'a' }, { entries: 0, cookie: 'b' }, { entries: 3, cookie: '' }])
  assert.deepEqual(end, { complete: true, count: 5 })
  assert.equal(new Set(ids).size, 5)
})

test('a page that says nothing about the next one is not the last', async () => {
  const { end } = await readFrom([{ entries: 2, cookie: 'a' }, { entries: 2, cookie: undefined }])
  assert.equal(!end.complete && end.code, 'SYSTEM_READ_INCOMPLETE')
  assert.match(end.complete ? '' : end.because, /did not say whether there are more pages/)
})

test('a server that forgot the cookie ends the read as incomplete', async () => {
  const { end } = await readFrom([{ entries: 2, cookie: 'a' }, { entries: 0, cookie: undefined, code: 53 }])
  assert.equal(!end.complete && end.code, 'SYSTEM_READ_INCOMPLETE')
  assert.match(end.complete ? '' : end.because, /unwillingToPerform \(53\)/)
})

test('a connection cut inside an entry', async () => {
  const { end } = await readFrom([{ entries: 2, cookie: 'a' }, { entries: 3, cookie: '', cut: true }])
  assert.deepEqual([!end.complete && end.code, end.count], ['SYSTEM_UNREACHABLE', 2])
})

test('something else answers on that port', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { end } = await read(portOf(server.address()))
  server.close()
  assert.equal(!end.complete && end.code, 'SYSTEM_UNREACHABLE')
  assert.match(end.complete ? '' : end.because, /not LDAP/)
})

/** Reads users from a server that accepts any sign-in and answers searches for users with these pages, one after the other. */
async function readFrom(pages: AnswerPage[]): Promise<{ end: ReadEnd, ids: string[] }> {
  let page = 0
  let entry = 0
  const server = createServer((socket) => serve(socket, (id, isPaged) => {
    if (!isPaged) return done(id, 0x65, 0)
    const { entries, cookie, code = 0, cut } = pages[page++]!
    const answers = Array.from({ length: entries }, () => user(id, ++entry))
    if (cut) return Buffer.concat(answers).subarray(0, -5)
    return Buffer.concat([...answers, done(id, 0x65, code, cookie)])
  }, () => pages[page - 1]?.cut === true)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await read(portOf(server.address()))
  } finally {
    server.close()
  }
}

async function read(port: number): Promise<{ end: ReadEnd, ids: string[] }> {
  using d = open({
    url: `ldap://127.0.0.1:${port}`, profile: 'openldap', bindDn: 'cn=any', base: people, disable: 'pwdAccountLockedTime', timeoutSeconds: 5,
  }, 'any')
  const { end, records } = await readAll(d, { objectTypes: ['user'] })
  return { end, ids: records.map(({ id }) => id) }
}

/** Takes requests apart as far as needed: their ids, what they are, and whether they ask for a page. */
function serve(socket: Socket, search: (id: number, isPaged: boolean) => Buffer, isOver: () => boolean): void {
  let bytes = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const reader = new BerReader(bytes)
      if (!reader.readSequence() || reader.remain < reader.length) return
      const length = reader.offset + reader.length
      const message = bytes.subarray(0, length)
      const id = reader.readInt() ?? 0
      const operation = reader.readSequence()
      bytes = bytes.subarray(length)
      if (operation === 0x60) socket.write(done(id, 0x61, 0))
      if (operation === 0x63) socket.write(search(id, message.includes(paged)))
      if (operation === 0x42 || isOver()) return void socket.end()
    }
  })
}

function user(id: number, n: number): Buffer {
  return message(id, (writer) => {
    writer.startSequence(0x64)
    writer.writeString(`uid=u${n},${people}`)
    writer.startSequence()
    for (const [name, value] of [['uid', `u${n}`], ['entryUUID', `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`]]) {
      writer.startSequence()
      writer.writeString(name!)
      writer.startSequence(0x31)
      writer.writeString(value!)
      writer.endSequence()
      writer.endSequence()
    }
    writer.endSequence()
    writer.endSequence()
  })
}

function done(id: number, operation: number, code: number, cookie?: string): Buffer {
  return message(id, (writer) => {
    writer.startSequence(operation)
    writer.writeEnumeration(code)
    writer.writeString('')
    writer.writeString('')
    writer.endSequence()
    if (cookie === undefined) return
    const value = new BerWriter()
    value.startSequence()
    value.writeInt(0)
    value.writeString(cookie)
    value.endSequence()
    writer.startSequence(0xa0)
    writer.startSequence()
    writer.writeString(paged)
    writer.writeBuffer(value.buffer, 4)
    writer.endSequence()
    writer.endSequence()
  })
}

function message(id: number, write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  write(writer)
  writer.endSequence()
  return writer.buffer
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}
