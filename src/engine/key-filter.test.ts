import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { KeyFilter } from './key-filter.ts'

test('a repeated key is never missed, however many there are', () => {
  fc.assert(fc.property(fc.array(fc.string()), (keys) => {
    const filter = new KeyFilter()
    const known = new Set<string>()
    for (const key of keys) {
      const seen = filter.seen(key)
      if (known.has(key)) assert.equal(seen, true)
      known.add(key)
    }
  }))
})

test('a hundred thousand different keys are hardly ever taken for one another', () => {
  const filter = new KeyFilter()
  let mistaken = 0
  for (let i = 0; i < 100_000; i++) if (filter.seen(`E${i}`)) mistaken++
  assert.ok(mistaken <= 2, `${mistaken} taken for repeated`)
  for (let i = 0; i < 100_000; i++) assert.equal(filter.seen(`E${i}`), true)
})

test('one has all that another has as soon as every key of it went by', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (keys, at) => {
    const [all, some] = [new KeyFilter(), new KeyFilter()]
    for (const key of keys) some.seen(key)
    for (const [i, key] of keys.entries()) if (i !== at % keys.length) all.seen(key)
    assert.equal(all.hasAllOf(some), false)
    all.seen(keys[at % keys.length]!)
    assert.equal(all.hasAllOf(some), true)
  }))
})
