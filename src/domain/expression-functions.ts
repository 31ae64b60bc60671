/** The functions that expressions may use: one table, from which the reference page and the tests are made. */
import { dateFunctions } from './expression-dates.ts'
import { parseSignature, type FunctionEntry, type Signature } from './expression-function.ts'
import { listFunctions } from './expression-lists.ts'
import { textFunctions } from './expression-text.ts'

export type { FunctionEntry } from './expression-function.ts'

export const functions: FunctionEntry[] = [...textFunctions, ...dateFunctions, ...listFunctions]

/** The language's own, which are not functions: they name a variable of their own. For the reference page. */
export const macros: Pick<FunctionEntry, 'name' | 'signature' | 'description' | 'example' | 'result'>[] = [
  {
    name: 'exists', signature: 'list.exists(x, condition)', description: 'Whether some item meets a condition.',
    example: '["a", "b"].exists(x, x == "b")', result: true,
  },
  {
    name: 'all', signature: 'list.all(x, condition)', description: 'Whether all items meet a condition.',
    example: '["a", "b"].all(x, x == "b")', result: false,
  },
  {
    name: 'exists_one', signature: 'list.exists_one(x, condition)', description: 'Whether exactly one item meets a condition.',
    example: '["a", "b"].exists_one(x, x == "b")', result: true,
  },
  {
    name: 'filter', signature: 'list.filter(x, condition)', description: 'The items that meet a condition.',
    example: '["a", "b"].filter(x, x != "b")', result: ['a'],
  },
  {
    name: 'map', signature: 'list.map(x, value)', description: 'Each item made into another.',
    example: '["a", "b"].map(x, upper(x))', result: ['A', 'B'],
  },
  {
    name: 'has', signature: 'has(person.attribute)', description: 'CEL\'s own name for `isPresent`.',
    example: 'has(person.nickname)', result: false,
  },
]

export interface Callable {
  entry: FunctionEntry
  signature: Signature
}

export const callables: ReadonlyMap<string, Callable> =
  new Map(functions.map((entry) => [entry.name, { entry, signature: parseSignature(entry.signature) }]))
