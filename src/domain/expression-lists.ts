/** Functions for what is missing, for choices, lists, numbers and unique names. */
import type { FunctionEntry } from './expression-function.ts'
import { clearMarker, int, isEmpty, isList, keepMarker, number, same, text, Unfit } from './expression-value.ts'

export const listFunctions: FunctionEntry[] = [
  {
    name: 'coalesce', group: 'Nothing', signature: 'coalesce(...values: anything): anything', description: 'The first value that is there; empty text counts as not there.',
    example: 'coalesce(null, "", "third")', result: 'third', seesNull: true, run: (...values: unknown[]) => values.find((value) => !isEmpty(value)) ?? null,
  },
  {
    name: 'ifEmpty', group: 'Nothing', signature: 'ifEmpty(value: anything, instead: anything): anything', description: 'The value, or another where it is empty.',
    example: 'ifEmpty("", "none")', result: 'none', seesNull: true, run: (value: unknown, instead: unknown) => (isEmpty(value) ? instead : value),
  },
  {
    name: 'isPresent', group: 'Nothing', signature: 'isPresent(value: anything): boolean', description: 'Whether there is a value: not nothing, not empty text, not an empty list.',
    example: 'isPresent(" ")', result: true, seesNull: true, run: (value: unknown) => !isEmpty(value),
  },
  {
    name: 'keep', group: 'Nothing', signature: 'keep(): anything', description: 'In a mapping: leaves alone what the destination has.',
    example: 'keep()', result: keepMarker, run: () => keepMarker,
  },
  {
    name: 'clear', group: 'Nothing', signature: 'clear(): anything', description: 'In a mapping: removes what the destination has. The same as an empty result.',
    example: 'clear()', result: clearMarker, run: () => clearMarker,
  },
  {
    name: 'lookup', group: 'Choice', signature: 'lookup(value: anything, table: map, otherwise?: anything): anything',
    description: 'What the table says for exactly this value; otherwise the third argument, or nothing.',
    example: 'lookup("DE", {"DE": "Berlin", "FR": "Paris"}, "London")', result: 'Berlin', seesNull: true,
    run: (value: unknown, table: Map<string, unknown> | null, otherwise: unknown = null) =>
      (value === null || table === null ? otherwise : table.has(text(value)) ? table.get(text(value)) : otherwise),
  },
  {
    name: 'count', group: 'Lists', signature: 'count(values: list): int', description: 'How many items are there that are not empty.',
    example: 'count(["a", "", "b"])', result: 2, run: (values: unknown[]) => values.filter((value) => !isEmpty(value)).length,
  },
  {
    name: 'distinct', group: 'Lists', signature: 'distinct(values: list): list', description: 'Each item once.',
    example: 'distinct(["a", "b", "a"])', result: ['a', 'b'],
    run: (values: unknown[]) => values.filter((value, index) => values.findIndex((other) => same(value, other)) === index),
  },
  {
    name: 'item', group: 'Lists', signature: 'item(values: list, position: int): anything', description: 'The item at a position: 1 is the first, -1 the last; nothing beyond the ends.',
    example: 'item(split("Ada King Lovelace", " "), -1)', result: 'Lovelace',
    run: (values: unknown[], position: number) => (position === 0 ? null : values.at(position > 0 ? position - 1 : position) ?? null),
  },
  {
    name: 'firstNonEmpty', group: 'Lists', signature: 'firstNonEmpty(values: list): anything', description: 'The first item that is not empty.',
    example: 'firstNonEmpty(["", null, "c"])', result: 'c', run: (values: unknown[]) => values.find((value) => !isEmpty(value)) ?? null,
  },
  {
    name: 'unique', group: 'Names', signature: 'unique(candidates: list): anything',
    description: 'In a mapping: the first candidate that nobody has yet. `{n}` in a candidate stands for 2, 3, … and is tried after the others. Once given, the name stays with its person.',
    example: 'unique(["alovelace", "ada.lovelace", "alovelace{n}", null])', result: { candidates: ['alovelace', 'ada.lovelace', 'alovelace{n}'] },
    run: (candidates: unknown[]) => ({ candidates: [...new Set(candidates.filter((value) => !isEmpty(value)).map(text))] }),
  },
  {
    name: 'string', group: 'Numbers', signature: 'string(value: anything): text', description: 'A value as text.',
    example: 'string(42)', result: '42', run: (value: unknown) => (isList(value) ? value.map(text).join(', ') : text(value)),
  },
  {
    name: 'int', group: 'Numbers', signature: 'int(value: anything): int', description: 'A whole number from text or a number; digits after the point fall away.',
    example: 'int("42")', result: 42, run: (value: unknown) => int(Math.trunc(number(value))),
  },
  {
    name: 'double', group: 'Numbers', signature: 'double(value: anything): number', description: 'A number from text.',
    example: 'double("1.5")', result: 1.5, run: number,
  },
  {
    name: 'bool', group: 'Numbers', signature: 'bool(value: anything): boolean', description: 'True or false from what people write: yes, no, true, false, x, 1, 0, ja, nein.',
    example: 'bool("Yes")', result: true, run: bool,
  },
]

const yes = new Set(['true', 'yes', 'y', 'x', '1', 'on', 'ja', 'j', 'oui', 'si', 'sí'])
const no = new Set(['false', 'no', 'n', '0', 'off', 'nein', 'non', ''])

function bool(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const word = text(value).trim().toLowerCase()
  if (yes.has(word)) return true
  if (no.has(word)) return false
  throw new Unfit(value, 'yes or no')
}
