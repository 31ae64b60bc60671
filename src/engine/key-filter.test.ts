import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { KeyFilter, print, printBytes } from './key-filter.ts'

function goesBy(filter: KeyFilter, key: string): boolean {
  const prints = new Uint32Array(2)
  print(prints, 0, key)
  return filter.seen(prints[0]!, prints[1]!)
}

test('a repeated key is never missed, however many there are', () => {
  fc.assert(fc.property(fc.array(fc.string()), (keys) => {
    const filter = new KeyFilter()
    const known = new Set<string>()
    for (const key of keys) {
      const seen = goesBy(filter, key)
      if (known.has(key)) assert.equal(seen, true)
      known.add(key)
    }
  }))
})

test('a hundred thousand different keys are hardly ever taken for one another', () => {
  const filter = new KeyFilter()
  let mistaken = 0
  for (let i = 0; i < 100_000; i++) if (goesBy(filter, `E${i}`)) mistaken++
  assert.ok(mistaken <= 2, `${mistaken} taken for repeated`)
  for (let i = 0; i < 100_000; i++) assert.equal(goesBy(filter, `E${i}`), true)
})

test('one has all that another has as soon as every key of it went by', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (keys, at) => {
    const [all, some] = [new KeyFilter(), new KeyFilter()]
    for (const key of keys) goesBy(some, key)
    for (const [i, key] of keys.entries()) if (i !== at % keys.length) goesBy(all, key)
    assert.equal(all.hasAllOf(some), false)
    goesBy(all, keys[at % keys.length]!)
    assert.equal(all.hasAllOf(some), true)
  }))
})

test('the print of bytes is that of their text, in lower case too', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'B', 'z', 'Z', '@', '[', '7', 'é') }), fc.boolean(), (text, isLower) => {
    const [ofText, ofBytes] = [new Uint32Array(2), new Uint32Array(2)]
    print(ofText, 0, isLower ? text.toLowerCase() : text)
    const bytes = Buffer.from(`-${text}-`)
    assert.equal(printBytes(ofBytes, 0, bytes, 1, bytes.length - 1, isLower), !text.includes('é'))
    if (!text.includes('é')) assert.deepEqual(ofBytes, ofText)
  }))
})
