import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { codecFor, decodeValues, encodeValues, fileTimeCodec, guidCodec, sidCodec, splitExtendedDn, textCodec } from './ldap-values.ts'

test('a file time is an instant, and never is nothing', () => {
  assert.equal(fileTimeCodec.encode('2027-01-01T00:00:00Z'), '134432352000000000')
  assert.equal(fileTimeCodec.decode(Buffer.from('134432352000000000')), '2027-01-01T00:00:00Z')
  for (const never of ['0', '9223372036854775807']) assert.equal(fileTimeCodec.decode(Buffer.from(never)), undefined)
  fc.assert(fc.property(fc.date({ min: new Date('1900-01-01'), max: new Date('2500-01-01'), noInvalidDate: true }), (date) => {
    const instant = date.toISOString().replace('.000Z', 'Z')
    assert.equal(fileTimeCodec.decode(Buffer.from(String(fileTimeCodec.encode(instant)))), instant)
  }))
  assert.throws(() => fileTimeCodec.encode('2027-01-01'), /"2027-01-01" is not an instant/)
})

test('ids of Active Directory read as its own tools show them', () => {
  const guid = 'cc174baa-e77c-4a45-a6b0-3577deb126fb'
  assert.equal(guidCodec.encode(guid).toString('base64'), 'qksXzHznRUqmsDV33rEm+w==')
  assert.equal(guidCodec.decode(guidCodec.encode(guid)), guid)
  assert.equal(sidCodec.decode(Buffer.from('AQUAAAAAAAUVAAAAkT9eVOBOyRJe7M3d9AEAAA==', 'base64')), 'S-1-5-21-1415462801-315182816-3721260126-500')
})

test('bytes that are no text become base64, text stays text', () => {
  assert.equal(textCodec.decode(Buffer.from('Łódź \uFFFD')), 'Łódź \uFFFD')
  assert.equal(textCodec.decode(Buffer.from([0xff, 0xd8, 0xff])), '/9j/')
})

test('numbers, truth and times', () => {
  assert.equal(codecFor('number').decode(Buffer.from('-2147483646')), -2_147_483_646)
  assert.deepEqual(['TRUE', 'FALSE'].map((text) => codecFor('boolean').decode(Buffer.from(text))), [true, false])
  assert.equal(codecFor('instant').decode(Buffer.from('20261121120000.0Z')), '2026-11-21T12:00:00Z')
  assert.equal(codecFor('instant').encode('2026-11-21T12:00:00Z'), '20261121120000Z')
})

test('one value is a value, several are a list, none is nothing', () => {
  const bytes = ['a', 'b'].map((text) => Buffer.from(text))
  assert.equal(decodeValues(textCodec, bytes.slice(0, 1), false), 'a')
  assert.deepEqual(decodeValues(textCodec, bytes.slice(0, 1), true), ['a'])
  assert.deepEqual(decodeValues(textCodec, bytes, false), ['a', 'b'])
  assert.equal(decodeValues(textCodec, [], true), undefined)
  assert.deepEqual(encodeValues(textCodec, ''), [])
  assert.deepEqual(encodeValues(textCodec, ['a', '']), ['a'])
})

test('names that come with ids', () => {
  assert.deepEqual(splitExtendedDn('<GUID=1-2>;<SID=S-1>;CN=a;b,DC=x'), { guid: '1-2', dn: 'CN=a;b,DC=x' })
  assert.deepEqual(splitExtendedDn('<GUID=1-2>;CN=a'), { guid: '1-2', dn: 'CN=a' })
  assert.deepEqual(splitExtendedDn('CN=a'), { dn: 'CN=a' })
})
