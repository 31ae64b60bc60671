import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { compileRegex, linear } from './regex.ts'
import { parseRegex, RegexInvalid } from './regex-parse.ts'

test('finds and replaces what the language\'s own expressions do', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '(a|b)', '(?:ab|a)', '(b)', 'x')
  const repeat = fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}')
  const piece = fc.tuple(part, repeat).map(([p, r]) => (p === '\\b' ? p : p + r))
  const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'x', '1', ' '), maxLength: 12 })
  fc.assert(fc.property(pattern, text, (source, value) => {
    for (const ours of [compileRegex(source), linear(parseRegex(source))]) {
      assert.equal(ours.test(value), new RegExp(source, 'u').test(value), source)
      assert.equal(ours.replace(value, '<$0>'), value.replace(new RegExp(source, 'gu'), '<$&>'), source)
      assert.equal(ours.replace(value, '-'), value.replace(new RegExp(source, 'gu'), '-'), source)
    }
  }), { numRuns: 3000 })
})

test('groups, flags, classes and escapes', () => {
  assert.equal(compileRegex('^(\\w+) (\\w+)$').replace('Ada Lovelace', '$2, $1'), 'Lovelace, Ada')
  assert.equal(compileRegex('(?<year>\\d{4})-(\\d\\d)').replace('2026-11', '$2/$1 $$'), '11/2026 $')
  assert.equal(compileRegex('(?i)müller').test('MÜLLER'), true)
  assert.equal(compileRegex('^\\p{Lu}\\p{L}*$').test('Łukasz'), true)
  assert.equal(compileRegex('[\\s\\-_.]+').replace('a - b_c.d', ''), 'abcd')
  assert.equal(compileRegex('^\\x41\\u00e4$').test('Aä'), true)
  assert.equal(compileRegex('').replace('ab', '-'), '-a-b-')
})

test('what would need backtracking, and what is broken, is refused with the reason', () => {
  for (const [pattern, why] of [
    ['(a)\\1', /back references/], ['a(?=b)', /look-around/], ['(a', /a \) is missing/], ['a)', /too many/], ['[a', /a \] is missing/],
    ['*a', /nothing to repeat/], ['a{2,1}', /not possible/], ['(a{1000}){1000}', /too large/], ['\\q', /not known/], ['a++', /possessive/],
  ] as const) {
    assert.throws(() => compileRegex(pattern), (error: unknown) => error instanceof RegexInvalid && why.test(error.message), pattern)
  }
})

test('patterns that others take for ever over end', () => {
  const text = `${'a'.repeat(5000)}!`
  assert.equal(compileRegex('^(a+)+$').test(text), false)
  assert.equal(compileRegex('^(a|aa)*$').test(text), false)
  assert.equal(compileRegex('(a|a)(a|a)*b').replace(text, ''), text)
  assert.equal(compileRegex('a*a*a*a*a*a*b').test(text), false)
  assert.equal(compileRegex('(?:a|a)(?:a|a)'.repeat(12) + 'b').test(text), false)
})
