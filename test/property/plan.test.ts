/** Of any facts: what depends on something comes after it, and the hash is of what is changed, not of the order in which it was said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changeText, decide, type AccountFacts, type DecidedChange } from '../../src/domain/decide.ts'
import { headText, type PlanHead } from '../../src/domain/plan-hash.ts'
import type { Attributes } from '../../src/domain/value.ts'

const names = ['name', 'mail', 'title', 'phone'] as const
const values = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.integer(), fc.boolean()), { noNullPrototype: true }) as fc.Arbitrary<Attributes>
const entitlement = fc.integer({ min: 1, max: 6 }).map((id) => ({ id: String(id), objectType: 'group', nativeId: `g${id}`, name: `group ${id}` }))
const desired = fc.uniqueArray(entitlement, { selector: (e) => e.id }).map((all) => all.map((e) => ({ ...e, because: [] })))
const held = fc.uniqueArray(fc.tuple(entitlement, fc.boolean()), { selector: ([e]) => e.id }).map((all) => all.map(([e, ours]) => ({ ...e, ours })))
const account = fc.record({ attributes: values, enabled: fc.boolean(), protected: fc.boolean() }).map((a) => ({ ...a, id: '7', nativeId: 'n7', name: 'anna' }))

const facts: fc.Arbitrary<AccountFacts> = fc.record({
  wanted: fc.constantFrom('enabled' as const, 'disabled' as const, 'none' as const), set: values, clear: fc.subarray(['title', 'phone']),
  account: fc.option(account), matched: fc.option(account.map((a) => ({ ...a, by: 'mail' }))), desired, held, deleteDue: fc.boolean(),
  manager: fc.option(fc.record({ name: fc.constant('boss'), there: fc.boolean() })),
}).map(({ manager, clear, set, ...rest }) => ({
  ...rest, set, clear: clear.filter((name) => set[name] === undefined), personId: 'p', systemId: 's', jobId: 'j', objectType: 'user', name: 'anna',
  descriptions: [{ name: 'name', type: 'text' as const, naming: true }, { name: 'mail', type: 'text' as const, compare: 'ignore-case' as const }],
  references: { manager }, because: [], held: rest.account === null && rest.matched === null ? [] : rest.held,
}))

const shuffled = <T>(items: T[], seed: number): T[] => items.map((item, i) => [item, Math.sin(seed + i * 7.3)] as const).toSorted((a, b) => a[1] - b[1]).map(([item]) => item)
const texts = (changes: DecidedChange[]): string[] => changes.map(changeText).toSorted()

test('whatever has to be done first comes first', () => {
  fc.assert(fc.property(facts, (f) => {
    const wave = new Map(decide(f).map((c) => [c.kind, c.wave]))
    const before = (first: DecidedChange['kind'], then: DecidedChange['kind']): void => {
      if (wave.has(first) && wave.has(then)) assert.ok(wave.get(first)! < wave.get(then)!, `${first} before ${then}`)
    }
    for (const then of ['update', 'rename', 'enable', 'disable', 'grant', 'revoke'] as const) before('link', then)
    for (const then of ['update', 'grant', 'enable'] as const) before('create', then)
    for (const first of ['disable', 'revoke', 'update', 'grant'] as const) before(first, 'delete')
    before('disable', 'revoke')
    before('rename', 'update')
  }))
})

test('the order in which facts are told changes nothing', () => {
  fc.assert(fc.property(facts, fc.integer(), (f, seed) => {
    const told: AccountFacts = {
      ...f, desired: shuffled(f.desired, seed), held: shuffled(f.held, seed), clear: shuffled(f.clear, seed), set: Object.fromEntries(shuffled(Object.entries(f.set), seed)),
    }
    assert.deepEqual(texts(decide(told)), texts(decide(f)))
  }))
})

test('no change is planned twice, and nothing is both given and taken', () => {
  fc.assert(fc.property(facts, (f) => {
    const changes = decide(f)
    const keys = changes.map((c) => `${c.kind} ${c.entitlementId}`)
    assert.equal(new Set(keys).size, keys.length)
    const given = changes.filter((c) => c.kind === 'grant').map((c) => c.entitlementId)
    assert.deepEqual(changes.filter((c) => c.kind === 'revoke' && given.includes(c.entitlementId)), [])
    if ((f.account ?? f.matched)?.protected === true) assert.deepEqual(changes, [])
  }))
})

const head: fc.Arbitrary<PlanHead> = fc.record({
  revision: fc.nat(), policy: fc.string(), asOf: fc.string(),
  snapshots: fc.dictionary(fc.constantFrom('hr', 'guests'), fc.record({ id: fc.string(), digest: fc.option(fc.string()), rows: fc.nat(), complete: fc.boolean() }), { noNullPrototype: true }),
  observations: fc.dictionary(fc.constantFrom('ad', 'app'), fc.string(), { noNullPrototype: true }),
})

test('the head of a hash has one text for the same facts in any order, and another for any other facts', () => {
  fc.assert(fc.property(head, head, fc.integer(), (one, other, seed) => {
    const told = Object.fromEntries(shuffled(Object.entries({
      ...one, snapshots: Object.fromEntries(shuffled(Object.entries(one.snapshots), seed)), observations: Object.fromEntries(shuffled(Object.entries(one.observations), seed)),
    }), seed)) as unknown as PlanHead
    assert.equal(headText(told), headText(one))
    let equal = true
    try { assert.deepStrictEqual(other, one) } catch { equal = false }
    assert.equal(headText(other) === headText(one), equal)
  }))
})

test('each single difference of a change makes another text', () => {
  const change = { kind: 'update' as const, personId: 'p', systemId: 's', jobId: 'j', objectType: 'user', entitlementId: null, before: { mail: 'a' }, after: { mail: 'b' } }
  const others = [
    { ...change, kind: 'rename' as const }, { ...change, personId: 'q' }, { ...change, systemId: 't' }, { ...change, jobId: 'k' }, { ...change, objectType: 'group' },
    { ...change, entitlementId: '1' }, { ...change, before: null }, { ...change, after: { mail: 'c' } }, { ...change, after: { mail: 'b', title: '' } },
  ]
  assert.equal(new Set([change, ...others].map(changeText)).size, others.length + 1)
  fc.assert(fc.property(values, values, (a, b) => {
    let equal = true
    try { assert.deepStrictEqual(a, b) } catch { equal = false }
    assert.equal(changeText({ ...change, after: a }) === changeText({ ...change, after: b }), equal)
  }))
})
