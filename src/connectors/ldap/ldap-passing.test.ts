import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import test from 'node:test'
import { BerWriter } from 'ldapts'
import fc from 'fast-check'
import { openTexts } from '../../domain/shown.ts'
import type { KnownAccounts, ObservedRecord } from '../connector.ts'
import { columnsOf } from './ldap-columns.ts'
import { ldapConfig } from './ldap-config.ts'
import { element, readEntry } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'
import { sieve } from './ldap-passing.ts'
import { activeDirectory } from './ldap-profile-ad.ts'
import { openLdap } from './ldap-profile-openldap.ts'
import { recordReader } from './ldap-records.ts'
import type { Reading } from './ldap-records.ts'

const given = { url: 'ldap://localhost', bindDn: 'cn=usher', password: 'password', base: 'dc=example,dc=org' }
const id = '0f8fad5b-d9cb-469f-a165-70867728950e'

function reading(more: Partial<Reading> = {}, config: object = {}, attributes = ['uid', 'cn', 'sn', 'mail', 'container', 'uidNumber']): Reading {
  const parsed = ldapConfig.parse({ ...given, profile: 'openldap', ...config })
  const profile = parsed.profile === 'openldap' ? openLdap(parsed) : activeDirectory(parsed)
  const type = profile.types.user
  return { config: parsed, profile, type, columns: columnsOf(profile, type, { objectTypes: [], attributes: { user: attributes } }), ...more }
}

/** What the sieve wrote of an entry, and how it counted where that was known. */
function written(of: Reading, entry: RawEntry, isProtected?: KnownAccounts['isProtected']): { bytes: Buffer, text: string, filled: Record<string, number> } | null {
  let bytes = null as Buffer | null
  const known: KnownAccounts = { pass: (_type, _id, shown) => (bytes = Buffer.from(shown)).length > 0, ...(isProtected && { isProtected }) }
  const { entries, passed } = sieve(of, known)([entry])
  assert.equal(entries.length + passed.count, 1)
  assert.equal(bytes === null, entries.length === 1)
  return bytes === null ? null : { bytes, text: bytes.toString(), filled: passed.filled }
}

function textOf({ name, attributes, enabled, protected: isProtected }: ObservedRecord): string {
  return openTexts()({ name, attributes, enabled: enabled!, protected: isProtected === true })
}

/** What is written is what the record says, and counts what the record has. */
function assertSame(of: Reading, entry: RawEntry): void {
  const sieved = written(of, entry)
  assert.ok(sieved, entry.dn)
  const record = recordReader(of)(entry)
  assert.equal(sieved.text, textOf(record))
  assert.deepEqual(Object.keys(sieved.filled).filter((name) => sieved.filled[name] === 1).toSorted(), Object.keys(record.attributes).toSorted())
}

const plain: [string, (string | Uint8Array)[]][] = [['entryUUID', [id]], ['uid', ['anna']], ['cn', ['Anna Nowak']], ['sn', ['Nowak']]]

test('of plain entries the text is written as of their records', () => {
  for (const more of [[], [['mail', ['anna@example.org']]], [['uidNumber', ['1007']]], [['mail', ['a@x', 'b@x']]], [['mail', []]], [['sn', ['']]], [['objectClass', ['top']]]] as [string, string[]][][]) {
    assertSame(reading(), entryOf('uid=anna,ou=people,dc=example,dc=org', [...plain, ...more]))
  }
  assertSame(reading(), entryOf('uid=anna,ou=people,dc=example,dc=org', plain.toReversed()))
  assertSame(reading(), entryOf('uid=Zoë,ou=people,dc=example,dc=org', [['entryUUID', [id]], ['uid', ['Zoë']], ['cn', ['Zoë "the \\ great"\n']]]))
  assertSame(reading({}, {}, ['cn']), entryOf('uid=anna', plain))
})

test('the state of an account is in its text', () => {
  const anna = entryOf('uid=anna,ou=people,dc=example,dc=org', plain)
  assert.match(written(reading(), anna)!.text, /^10\{/)
  assert.match(written(reading({ disabled: new Set([id]) }), anna)!.text, /^00\{/)
  assert.match(written(reading({}, { protected: ['uid=anna,*'] }), anna)!.text, /^11\{/)
  assert.match(written(reading(), anna, (native, name) => native === id && name.startsWith('uid=anna'))!.text, /^11\{/)
  const locked = reading({}, { disable: 'pwdAccountLockedTime' })
  assert.match(written(locked, anna)!.text, /^10\{/)
  assert.match(written(locked, entryOf('uid=anna,ou=people,dc=example,dc=org', [...plain, ['pwdAccountLockedTime', ['000001010000Z']]]))!.text, /^00\{/)
})

test('Active Directory: ids, flags, instants and names with ids', () => {
  const of = reading({}, { profile: 'active-directory' }, ['cn', 'sAMAccountName', 'container', 'accountExpires', 'manager', 'objectGUID'])
  const guid = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
  const sid = Uint8Array.from([1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x50, 4, 0, 0])
  for (const flags of ['512', '514', '4096']) {
    for (const expires of ['0', '132539328000000000']) {
      assertSame(of, entryOf('CN=Anna Nowak,OU=Staff,DC=example,DC=org', [
        ['cn', ['Anna Nowak']], ['sAMAccountName', ['anna']], ['objectGUID', [guid]], ['objectSid', [sid]], ['userAccountControl', [flags]],
        ['accountExpires', [expires]], ['manager', ['<GUID=0102>;CN=Bo,DC=example,DC=org']],
      ]))
    }
  }
})

test('what is out of the ordinary is left to be made a record of', () => {
  const name = 'uid=anna,ou=people,dc=example,dc=org'
  assert.equal(written(reading(), entryOf(name, plain.slice(1))), null, 'without an id')
  assert.equal(written(reading(), entryOf(name, [['entryUUID', [id]], ['uid', ['anna', 'ann']]])), null, 'one of two is in the name')
  assert.equal(written(reading(), entryOf(name, [['entryUUID', [id]]])), null, 'the name may not be read')
  for (const odd of ['uid=anna\\2c,ou=people', 'uid=anna, ou=people', 'uid="anna",ou=people', 'uid=anna,ou=people ', 'uid=anna;ou=people']) {
    assert.equal(written(reading(), entryOf(odd, plain)), null, odd)
  }
})

test('of any entry: the text of its record, or none', () => {
  let compared = 0
  const letters = fc.string({ unit: fc.constantFrom('a', 'Ö', '"', '\\', ',', ' ', '\n', '\u0000', '<', '\u{1F600}', '\uFFFD'), maxLength: 6 })
  const value = fc.oneof(letters, fc.uint8Array({ maxLength: 6 }))
  const attribute = fc.tuple(fc.constantFrom('uid', 'CN', 'sn', 'mail', 'uidNumber', 'other'), fc.array(value, { maxLength: 3 }))
  const dn = fc.oneof(fc.constant('uid=a,ou=x'), letters.map((text) => `uid=${text},ou=people`))
  fc.assert(fc.property(dn, fc.array(attribute, { maxLength: 6 }), fc.array(fc.constantFrom('uid', 'cn', 'sn', 'mail', 'container', 'uidNumber')), (name, attributes, wanted) => {
    const of = reading({}, {}, wanted)
    const entry = entryOf(name, [['entryUUID', [id]], ...attributes])
    const sieved = written(of, entry)
    // What is no text is nothing that a database has; its record has it in base64.
    if (sieved === null || !isUtf8(sieved.bytes)) return
    assert.equal(sieved.text, textOf(recordReader(of)(entry)))
    compared += 1
  }), { numRuns: 2000 })
  assert.ok(compared > 300, `only ${compared} were compared`)
})

function entryOf(dn: string, attributes: [string, (string | Uint8Array)[]][]): RawEntry {
  const writer = new BerWriter()
  writer.startSequence(0x64)
  writer.writeString(dn)
  writer.startSequence()
  for (const [name, values] of attributes) {
    writer.startSequence()
    writer.writeString(name)
    writer.startSequence(0x31)
    for (const value of values) writer.writeBuffer(Buffer.from(value), 4)
    writer.endSequence()
    writer.endSequence()
  }
  writer.endSequence()
  writer.endSequence()
  return readEntry(element(writer.buffer, 0))
}
