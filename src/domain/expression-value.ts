/** Values inside expressions: null, text, number, boolean, list, map; and what happens to a value that does not fit. */

export type Kind = 'null' | 'text' | 'int' | 'number' | 'boolean' | 'list' | 'map' | 'any'

/** Thrown by functions and operators for a value that they cannot handle; `expression.ts` turns it into an UsherError. */
export class Unfit extends Error {
  readonly value: unknown
  readonly expected: string
  /** Name of the function or operator. */
  by: string

  constructor(value: unknown, expected: string, by = '') {
    super(expected)
    this.value = value
    this.expected = expected
    this.by = by
  }
}

/** The mapping leaves what is there alone. */
export const keepMarker = Object.freeze({ mapped: 'keep' as const })
/** The mapping removes what is there. */
export const clearMarker = Object.freeze({ mapped: 'clear' as const })

export const isList = (value: unknown): value is unknown[] => Array.isArray(value)
export const isMap = (value: unknown): value is Map<string, unknown> => value instanceof Map
export const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (isList(value) && value.length === 0)

export function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Unfit(value, 'text')
}

export function number(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(value)) return Number(value)
  throw new Unfit(value, 'a number')
}

export function int(value: unknown): number {
  const n = number(value)
  if (Number.isInteger(n)) return n
  throw new Unfit(value, 'a whole number')
}

export function boolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new Unfit(value, 'true or false')
}

/** One value counts as a list of one. */
export function list(value: unknown): unknown[] {
  if (isList(value)) return value
  if (isMap(value)) throw new Unfit(value, 'a list')
  return [value]
}

export function map(value: unknown): Map<string, unknown> {
  if (isMap(value)) return value
  throw new Unfit(value, 'a map such as {"a": "b"}')
}

/** Conditions: no value counts as false. */
export function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === null) return false
  throw new Unfit(value, 'a condition that is true or false')
}

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => same(item, b[index]))
  if (isMap(a) && isMap(b)) return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)))
  return false
}

/** A field of a map or of a position, an item of a list; null where there is none. */
export function access(from: unknown, key: unknown): unknown {
  if (from === null || key === null) return null
  if (isList(from)) return typeof key === 'number' ? from[key] ?? null : fit(key, 'a number in [ ]')
  if (isMap(from)) return from.get(text(key)) ?? null
  if (typeof from === 'object' && typeof key === 'string') {
    return Object.hasOwn(from, key) ? (from as Record<string, unknown>)[key] ?? null : null
  }
  throw new Unfit(from, 'a list or a map')
}

function fit(value: unknown, expected: string): never {
  throw new Unfit(value, expected)
}

/** How a value is written in an expression, for messages. */
export function show(value: unknown): string {
  const shown = isMap(value) ? JSON.stringify(Object.fromEntries(value)) : JSON.stringify(value) ?? 'null'
  return shown.length > 80 ? `${shown.slice(0, 77)}…` : shown
}
