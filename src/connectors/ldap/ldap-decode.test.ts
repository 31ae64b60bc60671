import assert from 'node:assert/strict'
import test from 'node:test'
import { BerWriter } from 'ldapts'
import fc from 'fast-check'
import { attributesOf, element, inside, messageLength, next, readEntry, readResult } from './ldap-decode.ts'

const attributes = fc.array(fc.tuple(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9;-]{0,20}$/), fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 })), { maxLength: 8 })

test('an entry is read as it was written', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), attributes, (dn, wanted) => {
    const bytes = entryMessage(dn, wanted)
    assert.equal(messageLength(bytes, 0), bytes.length)
    const operation = next(inside(element(bytes, 0)))
    const entry = readEntry(operation)
    assert.equal(entry.dn, dn)
    assert.deepEqual(attributesOf(entry).map(([name, values]) => [name, values.map((value) => [...value])]),
      wanted.map(([name, values]) => [name, values.map((value) => [...value])]))
  }))
})

test('a message that ends too early is never read as a whole one', () => {
  const bytes = entryMessage('cn=a', [['cn', [Buffer.from('a')]]])
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length)
    const needed = messageLength(cut, 0)
    assert.ok(needed === undefined || needed > cut.length, `${length}`)
  }
  assert.throws(() => element(bytes.subarray(0, bytes.length - 1), 0), /beyond its message/)
})

test('bytes that are no LDAP are refused', () => {
  assert.throws(() => messageLength(Buffer.from('HTTP/1.1 400 Bad Request'), 0), /not LDAP/)
  assert.throws(() => messageLength(Buffer.from([0x30, 0x80, 0, 0]), 0), /not allow/)
})

test('a result with its words, referrals and controls', () => {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(7)
  writer.startSequence(0x65)
  writer.writeEnumeration(10)
  writer.writeString('dc=x')
  writer.writeString('elsewhere')
  writer.startSequence(0xa3)
  writer.writeString('ldap://a/')
  writer.endSequence()
  writer.endSequence()
  writer.startSequence(0xa0)
  writer.startSequence()
  writer.writeString('1.2.3')
  writer.writeBoolean(true)
  writer.writeBuffer(Buffer.from('value'), 4)
  writer.endSequence()
  writer.startSequence()
  writer.writeString('1.2.4')
  writer.endSequence()
  writer.endSequence()
  writer.endSequence()
  const bytes = writer.buffer
  assert.deepEqual(readResult(next(inside(element(bytes, 0))), bytes.length), {
    code: 10, matchedDn: 'dc=x', words: 'elsewhere', referrals: ['ldap://a/'],
    controls: new Map([['1.2.3', Buffer.from('value')], ['1.2.4', Buffer.alloc(0)]]),
  })
})

function entryMessage(dn: string, wanted: [string, Uint8Array[]][]): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(1)
  writer.startSequence(0x64)
  writer.writeString(dn)
  writer.startSequence()
  for (const [name, values] of wanted) {
    writer.startSequence()
    writer.writeString(name)
    writer.startSequence(0x31)
    for (const value of values) writer.writeBuffer(Buffer.from(value), 4)
    writer.endSequence()
    writer.endSequence()
  }
  writer.endSequence()
  writer.endSequence()
  writer.endSequence()
  return writer.buffer
}
