/** What the operators of CEL do with values that may be missing: nothing in, nothing out; a comparison with nothing is false. */
import { isList, isMap, same, text, Unfit, type Kind } from './expression-value.ts'

export type Binary = (a: unknown, b: unknown) => unknown

export const binary: Record<string, Binary> = {
  '==': same,
  '!=': (a, b) => !same(a, b),
  in: (a, b) => {
    if (b === null || a === null) return false
    if (isList(b)) return b.some((item) => same(a, item))
    if (isMap(b)) return b.has(text(a))
    throw new Unfit(b, 'a list or a map after "in"', 'in')
  },
  '+': plus,
  '-': (a, b) => arithmetic('-', a, b, (x, y) => x - y),
  '*': (a, b) => arithmetic('*', a, b, (x, y) => x * y),
  '/': (a, b) => arithmetic('/', a, notZero('/', b), (x, y) => x / y),
  '%': (a, b) => arithmetic('%', a, notZero('%', b), (x, y) => x % y),
  '<': (a, b) => compare('<', a, b, (order) => order < 0),
  '<=': (a, b) => compare('<=', a, b, (order) => order <= 0),
  '>': (a, b) => compare('>', a, b, (order) => order > 0),
  '>=': (a, b) => compare('>=', a, b, (order) => order >= 0),
}

/** Between whole numbers that are known to be whole, CEL divides without a remainder. */
export const wholeDivision: Binary = (a, b) => arithmetic('/', a, notZero('/', b), (x, y) => Math.trunc(x / y))

export const negative = (value: unknown): unknown =>
  value === null ? null : typeof value === 'number' ? -value : unfit(value, 'a number', '-')

/** What kind an operator gives, or what is wrong with its operands. */
export function kindOf(operator: string, a: Kind, b: Kind): Kind | { wrong: string } {
  if (operator === '==' || operator === '!=') return 'boolean'
  if (operator === 'in') return known(b, 'list', 'map') ? 'boolean' : { wrong: `"in" needs a list or a map, this is ${name(b)}` }
  if (['<', '<=', '>', '>='].includes(operator)) {
    const comparable = isNumber(a) && isNumber(b) || a === b && a !== 'list' && a !== 'map' || soft(a) || soft(b)
    return comparable ? 'boolean' : { wrong: `${name(a)} and ${name(b)} cannot be compared` }
  }
  if (operator === '+') {
    if (a === 'map' || b === 'map' || a === 'list' !== (b === 'list') && !soft(a) && !soft(b)) {
      return { wrong: `${name(a)} and ${name(b)} cannot be added` }
    }
    if (a === 'text' || b === 'text') return 'text'
    if (a === 'list' || b === 'list') return 'list'
  } else if (!known(a, 'int', 'number') || !known(b, 'int', 'number')) {
    return { wrong: `"${operator}" needs numbers, this is ${name(known(a, 'int', 'number') ? b : a)}` }
  }
  if (a === 'int' && b === 'int') return 'int'
  return soft(a) || soft(b) ? 'any' : 'number'
}

export const name = (kind: Kind): string =>
  ({ null: 'null', text: 'text', int: 'a number', number: 'a number', boolean: 'true or false', list: 'a list', map: 'a map', any: 'anything' })[kind]

const soft = (kind: Kind): boolean => kind === 'any' || kind === 'null'
const isNumber = (kind: Kind): boolean => kind === 'int' || kind === 'number'
const known = (kind: Kind, ...wanted: Kind[]): boolean => soft(kind) || wanted.includes(kind)

function plus(a: unknown, b: unknown): unknown {
  if (a === null || b === null) return null
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (isList(a) && isList(b)) return [...a, ...b]
  if (typeof a === 'string') return a + (typeof b === 'string' ? b : addend(b))
  if (typeof b === 'string') return addend(a) + b
  return unfit(b, 'two texts, two numbers or two lists', '+')
}

const addend = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : unfit(value, 'text', '+')

function arithmetic(operator: string, a: unknown, b: unknown, compute: (a: number, b: number) => number): unknown {
  if (a === null || b === null) return null
  if (typeof a === 'number' && typeof b === 'number') return compute(a, b)
  return unfit(typeof a === 'number' ? b : a, 'a number', operator)
}

function notZero(operator: string, value: unknown): unknown {
  return value === 0 ? unfit(value, 'a number other than 0', operator) : value
}

function compare(operator: string, a: unknown, b: unknown, decide: (order: number) => boolean): boolean {
  if (a === null || b === null) return false
  const comparable = typeof a === typeof b && (typeof a === 'number' || typeof a === 'string' || typeof a === 'boolean')
  if (!comparable) return unfit(b, `the same kind of value on both sides, as ${JSON.stringify(a)}`, operator)
  return decide(a === b ? 0 : (a as string) < (b as string) ? -1 : 1)
}

function unfit(value: unknown, expected: string, by: string): never {
  throw new Unfit(value, expected, by)
}
