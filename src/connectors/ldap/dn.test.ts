import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { canonicalDn, dnKey, escapeDnValue, isWithin, nameOfDn, parentOf, parseDn, relativeName, sameDn } from './dn.ts'

test('special characters are escaped as RFC 4514 says', () => {
  assert.equal(escapeDnValue('Smith, John'), 'Smith\\, John')
  assert.equal(escapeDnValue('#5'), '\\#5')
  assert.equal(escapeDnValue(' lead'), '\\ lead')
  assert.equal(escapeDnValue('trail '), 'trail\\ ')
  assert.equal(escapeDnValue(' '), '\\ ')
  assert.equal(escapeDnValue('a+b="c"<d>;e\\f'), 'a\\+b\\=\\"c\\"\\<d\\>\\;e\\\\f')
  assert.equal(escapeDnValue('Łukasz Żółć'), 'Łukasz Żółć')
})

test('what was escaped is read back, whatever it holds', () => {
  fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1 }), (name, unit) => {
    const dn = `${relativeName('cn', name)},${relativeName('ou', unit)},dc=example`
    assert.deepEqual(parseDn(dn), [
      [{ attribute: 'cn', value: name }], [{ attribute: 'ou', value: unit }], [{ attribute: 'dc', value: 'example' }],
    ])
    assert.equal(nameOfDn(dn).value, name)
    assert.equal(parentOf(dn), `${relativeName('ou', unit)},dc=example`)
    assert.equal(canonicalDn(canonicalDn(dn)), canonicalDn(dn))
  }))
})

test('spellings of one name are equal', () => {
  assert.ok(sameDn('CN=Smith\\2C John, OU=Staff,DC=x', 'cn=Smith\\, John,ou=staff,dc=x'))
  assert.ok(sameDn('cn="Smith, John",ou=staff', 'cn=Smith\\, John,ou=staff'))
  assert.ok(sameDn('cn=\\c5\\81ukasz,dc=x', 'cn=Łukasz,dc=x'))
  assert.ok(!sameDn('cn=a\\,ou=b,dc=x', 'cn=a,ou=b,dc=x'))
  assert.equal(canonicalDn('CN = A , OU=B'), 'CN=A,OU=B')
  assert.equal(dnKey('CN=A,OU=B'), 'cn=a,ou=b')
})

test('within is decided by levels, not by letters', () => {
  assert.ok(isWithin('cn=a,ou=staff,dc=x', 'OU=Staff, DC=x'))
  assert.ok(isWithin('ou=staff,dc=x', 'ou=staff,dc=x'))
  assert.ok(!isWithin('cn=a,xou=staff,dc=x', 'ou=staff,dc=x'))
  assert.ok(!isWithin('cn=a\\,ou=staff,dc=x', 'cn=a,ou=staff,dc=x'))
})

test('text that is no name is refused by name', () => {
  assert.throws(() => parseDn('nonsense'), /"nonsense" is not a distinguished name/)
})
