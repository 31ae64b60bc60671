/** What an entry of the function table is. The reference page and the tests are made from the entries themselves. */
import { boolean, int, list, map, number, text, type Kind } from './expression-value.ts'

export interface FunctionEntry {
  name: string
  group: 'Text' | 'Nothing' | 'Choice' | 'Dates' | 'Lists' | 'Names' | 'Numbers'
  /** `left(value: text, count: int): text`; `?` marks what may be left out, `...` any number of values. */
  signature: string
  description: string
  /** An expression, and what it gives. */
  example: string
  result: unknown
  /** Called even where an argument is null. Otherwise: null in, null out. */
  seesNull?: true
  run: (...args: never[]) => unknown
  /** Looks at the arguments that are written out (undefined: known only later); throws a message for what can never work. */
  prepare?: (constants: unknown[]) => void
}

export interface Parameter {
  name: string
  kind: Kind
  optional: boolean
  rest: boolean
}

export interface Signature {
  parameters: Parameter[]
  least: number
  most: number
  returns: Kind
}

// Dates are text: 2026-11-21, and instants 2026-11-21T08:00:00Z.
const kinds: Record<string, Kind> = {
  text: 'text', date: 'text', instant: 'text', int: 'int', number: 'number', boolean: 'boolean', list: 'list', map: 'map', anything: 'any',
}

export const coercions: Record<Kind, (value: unknown) => unknown> = {
  text, int, number, boolean, list, map, any: (value) => value, null: (value) => value,
}

export function parseSignature(signature: string): Signature {
  const parts = /^\w+\((.*)\): (\w+)$/.exec(signature)
  if (parts === null) throw new Error(`Not a signature: ${signature}`)
  const parameters = parts[1] === '' ? [] : parts[1]!.split(', ').map((written) => {
    const found = /^(\.\.\.)?(\w+)(\?)?: (\w+)$/.exec(written)
    if (found === null) throw new Error(`Not a parameter: ${written} in ${signature}`)
    return { name: found[2]!, kind: kindNamed(found[4]!), optional: found[3] !== undefined, rest: found[1] !== undefined }
  })
  return {
    parameters,
    least: parameters.filter((p) => !p.optional && !p.rest).length,
    most: parameters.some((p) => p.rest) ? Infinity : parameters.length,
    returns: kindNamed(parts[2]!),
  }
}

function kindNamed(name: string): Kind {
  const kind = kinds[name]
  if (kind === undefined) throw new Error(`Not a kind: ${name}`)
  return kind
}
