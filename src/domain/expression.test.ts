import assert from 'node:assert/strict'
import test from 'node:test'
import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { UsherError } from './errors.ts'
import { functions, macros } from './expression-functions.ts'
import { compile, firstFailed, type Input } from './expression.ts'
import type { Attributes } from './value.ts'

const now = '2026-11-21T08:00:00Z'
const row = (expression: string, cells: Attributes = {}): unknown => compile(expression, 'row').evaluate({ row: cells, now })
const personInput = (person: Attributes, positions: Attributes[] = [{}]): Input =>
  ({ person: { id: '1', state: 'active', ...person }, position: positions[0] ?? {}, positions, now })
const person = (expression: string, attributes: Attributes, positions?: Attributes[]): unknown =>
  compile(expression, 'person').evaluate(personInput(attributes, positions))

const codeOf = (run: () => unknown): { code: string; details: Record<string, unknown> } => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof UsherError, String(error))
    return { code: error.code, details: error.details }
  }
  return assert.fail('nothing was thrown')
}

for (const { name, example, result } of [...functions, ...macros]) {
  test(`the documented example of ${name}`, () => {
    const scope = example.includes('person.') ? 'person' : 'row'
    assert.deepEqual(compile(example, scope).evaluate(scope === 'row' ? { row: {}, now } : personInput({})), result)
  })
}

test('no function has two entries, and none is undescribed', () => {
  assert.equal(new Set(functions.map((entry) => entry.name)).size, functions.length)
  for (const { name, signature, description } of functions) {
    assert.ok(signature.startsWith(`${name}(`), name)
    assert.ok(description.endsWith('.'), name)
  }
})

test('what is missing is null, and null goes through', () => {
  assert.equal(row('row["Middle name"]'), null)
  assert.equal(row('row["constructor"]'), null)
  assert.equal(person('person.toString', {}), null)
  for (const { name, signature, seesNull } of functions) {
    const parameters = /\((.*)\)/.exec(signature)![1]!
    if (seesNull || parameters === '') continue
    const least = parameters.split(', ').filter((parameter) => !parameter.includes('?') && !parameter.includes('...'))
    assert.equal(row(`${name}(${least.map((parameter, i) => (i === 0 ? 'row.x' : parameter.endsWith('text') ? '"1"' : '1')).join(', ')})`), null, name)
  }
  assert.equal(row('row.a + "@example.org"'), null)
  assert.equal(row('row.a.trim().lower()'), null)
  assert.equal(row('row.a < 5'), false)
  assert.equal(row('!row.a'), true)
  assert.equal(row('row.a && true'), false)
  assert.equal(row('row.a ? "x" : "y"'), 'y')
  assert.equal(row('row.a == null'), true)
  assert.equal(row('row.a != "x"'), true)
  assert.equal(row('row.a.exists(x, x == 1)'), false)
})

test('text, numbers and dates as people have them in cells', () => {
  const cells = { 'First name': ' Zoë ', 'Last name': 'Łuczak-O\'Neil', Level: 3, Start: '01.02.2026', Groups: 'a; b;c', Id: 17 }
  assert.equal(row('lower(ascii(left(trim(row["First name"]), 1) + "." + stripSpaces(row["Last name"])))', cells), 'z.luczak-o\'neil')
  assert.equal(row('row["Level"] >= 3 && row["Level"] + 1 == 4', cells), true)
  assert.equal(row('row["Level"] / 2', cells), 1.5)
  assert.equal(row('7 / 2', cells), 3)
  assert.equal(row('"E" + padLeft(row["Id"], 4)', cells), 'E0017')
  assert.equal(row('date(row["Start"], "dd.MM.yyyy")', cells), '2026-02-01')
  assert.deepEqual(row('split(row["Groups"], ";").filter(g, g != "b")', cells), ['a', 'c'])
  assert.equal(row('"b" in split(row["Groups"], ";")', cells), true)
  assert.deepEqual(row('unique([lower(row["Missing"]), "z{n}"])', cells), { candidates: ['z{n}'] })
  assert.equal(row('lookup(row["Id"], {"17": "Sales"}, "none")', cells), 'Sales')
  assert.equal(row('size("a👍b")'), 3)
  assert.equal(row('left("👍👎ab", 1) + right("ab👍👎", 1) + mid("a👍👎b", 2, 2)'), '👍👎👍👎')
  assert.equal(row('left("ab", 5) + right("cd", 5) + right("cd", 0) + mid("ef", 2) + mid("gh", 5)'), 'abcdf')
})

test('dates: what cannot be a date, and what could be two', () => {
  const failed = codeOf(() => row('date("31.02.2026", "dd.MM.yyyy")'))
  assert.equal(failed.code, 'EXPRESSION_FAILED')
  assert.deepEqual(failed.details, {
    expression: 'date("31.02.2026", "dd.MM.yyyy")', function: 'date', value: '31.02.2026', expected: 'a date written as dd.MM.yyyy, or such as 2026-11-21',
  })
  assert.equal(codeOf(() => row('date("31.02.2026")')).details['expected'], 'a date such as 2026-11-21')
  assert.equal(row('date("03/04/2026", ["dd/MM/yyyy", "yyyy-MM-dd"])'), '2026-04-03')
  assert.match(String(codeOf(() => row('date("03/04/2026", ["dd/MM/yyyy", "MM/dd/yyyy"])')).details['expected']), /2026-04-03, 2026-03-04/)
  assert.equal(row('date("04/04/2026", ["dd/MM/yyyy", "MM/dd/yyyy"])'), '2026-04-04')
  assert.equal(row('date("2026-11-21T23:30:00Z")'), '2026-11-21')
  assert.equal(codeOf(() => row('date("1.2.2026", row.f)', { f: 'qq' })).details['expected'], 'a date format such as dd.MM.yyyy')
  assert.equal(codeOf(() => row('date("2026-02-29")')).code, 'EXPRESSION_FAILED')
})

test('an expression that cannot work is refused with its place', () => {
  const cases: [string, string, number, number, RegExp][] = [
    ['row', 'lower(row["a"]', 1, 15, /got the end|Expected \)/],
    ['row', 'row["a"] +\n  lowr(row["b"])', 2, 3, /no function "lowr"/],
    ['row', 'person.email', 1, 1, /no variable "person" here; there is row/],
    ['person', 'person.manager.email', 1, 1, /single value/],
    ['row', 'row', 1, 1, /Name a column/],
    ['row', 'row[row["a"]]', 1, 5, /in quotes/],
    ['row', 'left("a")', 1, 1, /left\(value: text, count: int\): text; here are 1/],
    ['row', 'date(row["a"], "dd.mon.yyyy")', 1, 1, /"mon" is not known/],
    ['row', 'regexMatch(row["a"], "(a")', 1, 1, /a \) is missing/],
    ['row', '"a" && true', 1, 1, /condition is needed/],
    ['row', 'true ? "a" - 1 : "b"', 1, 8, /needs numbers, this is text/],
    ['row', 'left("abc", "x")', 1, 13, /"count" is a number, this is text/],
    ['row', 'timestamp("x")', 1, 1, /Did you mean date/],
    ['row', 'Sales', 1, 1, /Text goes in quotes/],
  ]
  for (const [scope, source, line, column, message] of cases) {
    const { code, details } = codeOf(() => compile(source, scope as 'row' | 'person'))
    assert.equal(code, 'EXPRESSION_INVALID', source)
    assert.match(String(details['message']), message)
    assert.deepEqual([details['line'], details['column']], [line, column], source)
  }
})

test('reads are known without running', () => {
  assert.deepEqual(compile('lower(row["a"]) + row.b + row["a"]', 'row').reads, [{ variable: 'row', name: 'a' }, { variable: 'row', name: 'b' }])
  assert.deepEqual(compile('person.vip || positions.filter(p, p.country == "DE").exists(q, q["dept"] == position.dept)', 'person').reads, [
    { variable: 'person', name: 'vip' }, { variable: 'position', name: 'country', each: true },
    { variable: 'position', name: 'dept', each: true }, { variable: 'position', name: 'dept' },
  ])
})

test('a trace tells the first condition that failed and what it saw', () => {
  const source = 'person.state == "active" &&\n  (position.department == "Sales" && position.country in ["DE", "AT"] || person.vip)'
  const expression = compile(source, 'person')
  const seen = (attributes: Attributes, position: Attributes): unknown => {
    const failed = firstFailed(expression.trace(personInput(attributes, [position])))
    return failed && [failed.text, failed.line, failed.column, failed.saw]
  }
  assert.equal(seen({}, { department: 'Sales', country: 'AT' }), null)
  assert.deepEqual(seen({}, { department: 'Sales', country: 'FR' }), ['position.country in ["DE", "AT"]', 2, 38, { 'position.country': 'FR' }])
  assert.deepEqual(seen({}, { country: 'FR' }), ['position.department == "Sales"', 2, 4, { 'position.department': null }])
  assert.deepEqual(seen({ state: 'ended' }, {}), ['person.state == "active"', 1, 1, { 'person.state': 'ended' }])
  const each = compile('positions.exists(p, p.level > 3)', 'person').trace(personInput({}, [{ level: 1 }, {}]))
  assert.deepEqual(firstFailed(each)?.saw, { 'positions[].level': [1, null] })
  const broken = compile('row.a > 3 && row.b == 1', 'row').trace({ row: { a: 'x' }, now })
  assert.match(String(firstFailed(broken)?.error), /expected the same kind of value/)
})

test('errors count only if nothing else decides, as in CEL', () => {
  assert.equal(row('row.a > 3 || true', { a: 'x' }), true)
  assert.equal(row('row.a > 3 && false', { a: 'x' }), false)
  assert.equal(codeOf(() => row('row.a > 3 || false', { a: 'x' })).code, 'EXPRESSION_FAILED')
  assert.equal(row('["x", 5].exists(i, i > 3)'), true)
})

test('loops within loops keep their variables apart, also when an expression is used again', () => {
  const expression = compile('["a", "b"].map(x, join(["1", "2"].map(y, x + y), x))', 'row')
  for (let i = 0; i < 2; i++) assert.deepEqual(expression.evaluate({ row: {}, now }), ['a1aa2', 'b1bb2'])
})

test('where nothing is missing, results are those of the CEL package', () => {
  const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable('row', 'map')
  const whole = fc.integer({ min: -50, max: 50 }).map((n) => (n < 0 ? `(${n})` : `${n}`))
  const words = fc.constantFrom('"a"', '"b"', '"ab"', '""', 'row.t', 'row["u"]')
  const { number, condition, word } = fc.letrec<{ number: string; condition: string; word: string; list: string }>((tie) => ({
    number: fc.oneof({ maxDepth: 3, withCrossShrink: true }, whole,
      fc.tuple(tie('number'), fc.constantFrom('+', '-', '*'), tie('number')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('number'), fc.constantFrom('/', '%'), fc.integer({ min: 1, max: 9 })).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('word').map((a) => `size(${a})`), tie('list').map((a) => `${a}.size()`),
      fc.tuple(tie('condition'), tie('number'), tie('number')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`)),
    word: fc.oneof({ maxDepth: 3, withCrossShrink: true }, words,
      fc.tuple(tie('word'), tie('word')).map(([a, b]) => `(${a} + ${b})`), tie('number').map((n) => `string(${n})`),
      fc.tuple(tie('condition'), tie('word'), tie('word')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`)),
    list: fc.oneof({ maxDepth: 3 }, fc.array(tie('word'), { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc.tuple(tie('list'), tie('condition')).map(([a, c]) => `${a}.filter(x, ${c} || x == "a")`),
      tie('list').map((a) => `${a}.map(x, x + "z")`)),
    condition: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constantFrom('true', 'false'),
      fc.tuple(tie('number'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('number')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('word'), fc.constantFrom('==', '!=', '<', '>='), tie('word')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('condition').map((a) => `!${a}`), fc.tuple(tie('word'), tie('list')).map(([a, b]) => `(${a} in ${b})`),
      fc.tuple(tie('list'), fc.constantFrom('exists', 'all', 'exists_one'), tie('word')).map(([a, m, b]) => `${a}.${m}(x, x == ${b})`),
      fc.tuple(tie('word'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('word')).map(([a, m, b]) => `${a}.${m}(${b})`)),
  }))
  const cells = { t: 'ab', u: 'b' }
  const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value === 0 ? 0 : value)
  fc.assert(fc.property(fc.oneof(number, condition, word), (source) => {
    const theirs = plain(environment.evaluate(source, { row: cells }))
    assert.deepEqual(plain(row(source, cells)), theirs, source)
  }), { numRuns: 3000 })
})
