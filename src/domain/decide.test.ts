import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { changeText, decide, sameAttribute, waves, type AccountFacts, type SeenAccount } from './decide.ts'
import { canonical } from './value.ts'

const seen: SeenAccount = { id: '7', nativeId: 'n7', name: 'cn=anna', attributes: { cn: 'anna', mail: 'anna@example.org' }, enabled: true, protected: false }

const facts: AccountFacts = {
  personId: 'p1', systemId: 'ad', jobId: 'users', objectType: 'user',
  descriptions: [{ name: 'cn', type: 'text', naming: true }, { name: 'mail', type: 'text', compare: 'ignore-case' }, { name: 'manager', type: 'reference', compare: 'dn' }, { name: 'secret', type: 'text', secret: true }],
  wanted: 'enabled', set: { cn: 'anna', mail: 'anna@example.org' }, clear: [], name: 'cn=anna', references: {},
  account: seen, matched: null, desired: [], held: [], deleteDue: false, because: [{ because: 'in-scope', job: 'users' }],
}
const sales = { id: '1', objectType: 'group', nativeId: 'g1', name: 'sales', because: [] }
const kinds = (f: AccountFacts): string[] => decide(f).map((c) => c.kind)

test('an account that is as it should be needs nothing', () => {
  assert.deepEqual(decide(facts), [])
  assert.deepEqual(kinds({ ...facts, set: { ...facts.set, mail: 'ANNA@example.org' } }), [], 'the system ignores case')
})

test('a missing account is created with what is known, its entitlements given afterwards', () => {
  const changes = decide({ ...facts, account: null, references: { manager: { name: 'cn=boss', there: true }, assistant: null }, desired: [sales] })
  assert.deepEqual(changes.map((c) => c.kind), ['create', 'grant'])
  assert.deepEqual(changes[0]!.after, { cn: 'anna', mail: 'anna@example.org', manager: 'cn=boss', enabled: true })
  assert.ok(changes[0]!.wave < changes[1]!.wave)
})

test('naming attributes make a rename, others an update, with before and after', () => {
  const changes = decide({ ...facts, set: { cn: 'anna maria', mail: 'am@example.org' }, clear: ['phone'], account: { ...seen, attributes: { ...seen.attributes, phone: '1' } } })
  assert.deepEqual(changes.map((c) => [c.kind, c.before, c.after]), [
    ['rename', { cn: 'anna' }, { cn: 'anna maria' }],
    ['update', { mail: 'anna@example.org', phone: '1' }, { mail: 'am@example.org' }],
  ])
})

test('a reference to an account that the same plan creates is set once all are there', () => {
  const changes = decide({ ...facts, account: null, references: { manager: { name: 'cn=boss', there: false } } })
  assert.deepEqual(changes.map((c) => [c.kind, c.after]), [
    ['create', { cn: 'anna', mail: 'anna@example.org', enabled: true }],
    ['update', { manager: 'cn=boss' }],
  ])
  const [later] = decide({ ...facts, references: { manager: { name: 'cn=boss', there: true } } })
  const text = (c: typeof later) => changeText({ ...c!, before: c!.before ?? {} })
  assert.equal(text(later), text(changes[1]), 'the same change when both are there')
})

test('a reference that is not settled yet is left alone', () => {
  assert.deepEqual(kinds({ ...facts, references: { manager: null } }), [])
  assert.deepEqual(kinds({ ...facts, references: { manager: { name: 'CN=Boss, DC=x', there: true } }, account: { ...seen, attributes: { ...seen.attributes, manager: 'cn=boss,dc=x' } } }), [])
  assert.deepEqual(kinds({ ...facts, references: { manager: { name: 'cn=boss', there: true } } }), ['update'])
})

test('who is not wanted is disabled first, loses what is ours, is deleted only after the grace', () => {
  const held = [{ ...sales, ours: true }, { ...sales, id: '2', ours: false }]
  const gone = { ...facts, wanted: 'none' as const, held }
  assert.deepEqual(decide(gone).map((c) => [c.kind, c.entitlementId]), [['disable', null], ['revoke', '1']])
  assert.deepEqual(kinds({ ...gone, held: [], account: { ...seen, enabled: false } }), [])
  assert.deepEqual(kinds({ ...gone, held: [], account: { ...seen, enabled: false }, deleteDue: true }), ['delete'])
  assert.deepEqual(kinds({ ...gone, held: [], deleteDue: true }), ['disable'], 'never deleted while enabled')
})

test('linking takes nothing away', () => {
  const changes = decide({ ...facts, account: null, matched: { ...seen, by: 'mail' }, held: [{ ...sales, ours: true }] })
  assert.deepEqual(changes.map((c) => c.kind), ['link'])
})

test('protected records are never touched', () => {
  for (const wanted of ['enabled', 'disabled', 'none'] as const) {
    assert.deepEqual(decide({ ...facts, wanted, set: { cn: 'other' }, desired: [sales], account: { ...seen, protected: true } }), [])
    assert.deepEqual(decide({ ...facts, wanted, account: null, matched: { ...seen, protected: true, by: 'mail' } }), [])
  }
})

test('what somebody else gave is not taken away', () => {
  assert.deepEqual(kinds({ ...facts, held: [{ ...sales, ours: false }] }), [])
  assert.deepEqual(kinds({ ...facts, held: [{ ...sales, ours: true }] }), ['revoke'])
})

test('secrets are neither compared nor planned as updates', () => {
  assert.deepEqual(kinds({ ...facts, set: { ...facts.set, secret: 'x' } }), [])
})

test('disabling, revoking come before creating and granting; deleting comes last', () => {
  assert.ok(Math.max(waves.disable, waves.revoke) < Math.min(waves.create, waves.rename, waves.update, waves.enable, waves.grant))
  assert.equal(waves.delete, Math.max(...Object.values(waves)))
})

test('a change is the canonical text whatever the order of its attributes, and another for another value', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.string()), (after) => {
    const change = { kind: 'update' as const, personId: 'p', systemId: 's', jobId: 'j', objectType: 'user', entitlementId: null, before: null }
    const reversed = Object.fromEntries(Object.entries(after).toReversed())
    assert.equal(changeText({ ...change, after }), canonical({ ...change, after: reversed }))
    assert.notEqual(changeText({ ...change, after }), changeText({ ...change, after: { ...after, extra: 'x' } }))
  }))
})

test('carrying out what was decided leaves nothing to decide', () => {
  const value = fc.option(fc.constantFrom('a', 'b', 'A'), { nil: undefined })
  fc.assert(fc.property(value, value, value, value, fc.boolean(), (mailNow, mailThen, phoneNow, phoneThen, enabled) => {
    const attributes = { cn: 'anna', ...(mailNow === undefined ? {} : { mail: mailNow }), ...(phoneNow === undefined ? {} : { phone: phoneNow }) }
    const set = { cn: 'anna', ...(mailThen === undefined ? {} : { mail: mailThen }), ...(phoneThen === undefined ? {} : { phone: phoneThen }) }
    const clear = [...(mailThen === undefined ? ['mail'] : []), ...(phoneThen === undefined ? ['phone'] : [])]
    const before = { ...facts, set, clear, account: { ...seen, attributes, enabled } }
    const after: SeenAccount = structuredClone(before.account)
    for (const change of decide(before)) {
      if (change.kind === 'enable') after.enabled = true
      for (const name of Object.keys(change.before ?? {})) delete after.attributes[name]
      Object.assign(after.attributes, change.after)
    }
    assert.deepEqual(decide({ ...before, account: after }), [])
  }))
})

test('attributes are compared as their system compares them', () => {
  assert.ok(sameAttribute({ compare: 'dn' }, 'OU=Staff , DC=x', 'ou=staff,dc=x'))
  assert.ok(sameAttribute(undefined, 5, '5'))
  assert.ok(!sameAttribute(undefined, 'a', 'A'))
  assert.ok(sameAttribute({ compare: 'ignore-case' }, ['A', 'b'], ['B', 'a']))
  assert.ok(!sameAttribute(undefined, undefined, ''))
})
