import assert from 'node:assert/strict'
import test from 'node:test'
import { decide, type AccountFacts } from './decide.ts'
import type { LivingException } from './exception.ts'

const group = (id: string) => ({ id, objectType: 'group', nativeId: `g${id}`, name: id })
const facts: AccountFacts = {
  personId: 'p', systemId: 'ad', jobId: 'users', objectType: 'user', descriptions: [{ name: 'cn', type: 'text', naming: true }, { name: 'mail', type: 'text' }],
  wanted: 'enabled', set: { cn: 'anna', mail: 'new' }, clear: ['phone'], name: 'cn=anna', references: {},
  account: { id: '7', nativeId: 'n', name: 'cn=ann', attributes: { cn: 'ann', mail: 'old', phone: '1' }, enabled: false, protected: false },
  matched: null, desired: [{ ...group('1'), because: [] }], held: [{ ...group('2'), ours: true }], deleteDue: false, because: [],
}
const left = (x: Partial<LivingException>): LivingException =>
  ({ id: '1', accountId: '7', thing: 'enabled', attribute: null, entitlementId: null, keepsAccess: false, wanted: 'enabled', ...x })
const kinds = (exceptions: LivingException[], more: Partial<AccountFacts> = {}): string[] => decide({ ...facts, ...more, exceptions }).map((c) => c.kind)

test('what an exception covers is left as it is, and nothing else', () => {
  assert.deepEqual(kinds([]), ['rename', 'update', 'enable', 'grant', 'revoke'])
  assert.deepEqual(kinds([left({})]), ['rename', 'update', 'grant', 'revoke'])
  assert.deepEqual(kinds([left({ thing: 'attribute', attribute: 'cn' })]), ['update', 'enable', 'grant', 'revoke'])
  assert.deepEqual(kinds([left({ thing: 'entitlement', entitlementId: '1' })]), ['rename', 'update', 'enable', 'revoke'])
  assert.deepEqual(kinds([left({ thing: 'entitlement', entitlementId: '2', keepsAccess: true })]), ['rename', 'update', 'enable', 'grant'])
  const [update] = decide({ ...facts, exceptions: [left({ thing: 'attribute', attribute: 'phone' })] }).filter((c) => c.kind === 'update')
  assert.deepEqual([update!.before, update!.after], [{ mail: 'old' }, { mail: 'new' }])
})

test('an exception is of one account, and says which way', () => {
  assert.deepEqual(kinds([left({ accountId: '8' })]), kinds([]))
  assert.deepEqual(kinds([left({ keepsAccess: true })]), kinds([]), 'left enabled says nothing of one that is disabled')
  assert.deepEqual(kinds([left({ thing: 'entitlement', entitlementId: '2' })]), kinds([]), 'left without it says nothing of one that has it')
})

test('kept access is not kept from somebody of whom policy wants less by now', () => {
  const enabled = { ...facts.account!, enabled: true }
  const keeping = [left({ keepsAccess: true }), left({ thing: 'entitlement', entitlementId: '2', keepsAccess: true })]
  assert.deepEqual(kinds(keeping, { wanted: 'none', account: enabled }), ['disable', 'revoke'])
  assert.deepEqual(kinds(keeping.map((x) => ({ ...x, wanted: 'none' as const })), { wanted: 'none', account: enabled }), [], 'decided when they had left already')
  assert.deepEqual(kinds([left({ keepsAccess: true })], { wanted: 'disabled', account: enabled }), ['rename', 'update', 'disable', 'grant', 'revoke'])
})

test('somebody who is left without an account is neither given one nor linked to one', () => {
  const none = [left({ thing: 'account', accountId: '7' })]
  assert.deepEqual(kinds(none, { account: null }), [])
  assert.deepEqual(kinds(none, { account: null, matched: { ...facts.account!, by: 'mail' } }), [])
})
