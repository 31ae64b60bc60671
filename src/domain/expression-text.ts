/** Text functions of expressions. Positions count characters as people see code points, starting at 1. */
import type { FunctionEntry } from './expression-function.ts'
import { isEmpty, isList, isMap, same, text, Unfit } from './expression-value.ts'
import { RegexInvalid } from './regex-parse.ts'
import { compileRegex, type Regex } from './regex.ts'
import { sha256 } from './sha256.ts'
import { ascii } from './transliterate.ts'

export const textFunctions: FunctionEntry[] = [
  {
    name: 'lower', group: 'Text', signature: 'lower(value: text): text', description: 'In lower case.',
    example: 'lower("Ada")', result: 'ada', run: (value: string) => value.toLowerCase(),
  },
  {
    name: 'upper', group: 'Text', signature: 'upper(value: text): text', description: 'In upper case.',
    example: 'upper("Ada")', result: 'ADA', run: (value: string) => value.toUpperCase(),
  },
  {
    name: 'proper', group: 'Text', signature: 'proper(value: text): text', description: 'Each word with a capital.',
    example: 'proper("anna-maria O\'NEIL")', result: 'Anna-Maria O\'Neil',
    run: (value: string) => value.toLowerCase().replace(/(^|[^\p{L}\p{M}\p{N}])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  },
  {
    name: 'trim', group: 'Text', signature: 'trim(value: text): text', description: 'Without spaces at both ends.',
    example: 'trim("  Ada ")', result: 'Ada', run: (value: string) => value.trim(),
  },
  {
    name: 'stripSpaces', group: 'Text', signature: 'stripSpaces(value: text): text', description: 'Without any spaces.',
    example: 'stripSpaces("van der Berg")', result: 'vanderBerg', run: (value: string) => value.replace(/\s+/g, ''),
  },
  {
    name: 'ascii', group: 'Text', signature: 'ascii(value: text): text',
    description: 'In plain letters: diacritics fall away, ß, ł, ø, æ, þ, Cyrillic and Greek are transcribed. What cannot be written is left out.',
    example: 'ascii("Łukasz Groß-Müller, Øystein, Юрий")', result: 'Lukasz Gross-Muller, Oystein, Iurii', run: ascii,
  },
  {
    name: 'left', group: 'Text', signature: 'left(value: text, count: int): text', description: 'The first characters.',
    example: 'left("Lovelace", 4)', result: 'Love', run: (value: string, count: number) => part(value, 0, atLeast(count)),
  },
  {
    name: 'right', group: 'Text', signature: 'right(value: text, count: int): text', description: 'The last characters.',
    example: 'right("Lovelace", 3)', result: 'ace',
    run: (value: string, count: number) => (atLeast(count) === 0 ? '' : part(value, -count)),
  },
  {
    name: 'mid', group: 'Text', signature: 'mid(value: text, start: int, count?: int): text',
    description: 'Characters from a position on; the first is 1. Without a count: to the end.',
    example: 'mid("Lovelace", 5, 2)', result: 'la',
    run: (value: string, start: number, count = Infinity) => {
      if (start < 1) throw new Unfit(start, 'a position from 1 on')
      return part(value, start - 1, start - 1 + atLeast(count))
    },
  },
  {
    name: 'replace', group: 'Text', signature: 'replace(value: text, what: text, by: text): text', description: 'Every occurrence of a text replaced.',
    example: 'replace("a.b.c", ".", "-")', result: 'a-b-c',
    run: (value: string, what: string, by: string) => (what === '' ? value : value.replaceAll(what, () => by)),
  },
  {
    name: 'regexReplace', group: 'Text', signature: 'regexReplace(value: text, pattern: text, by: text): text',
    description: 'Every match of a regular expression replaced; `$1` is the first group. Runs in linear time: no back references, no look-around. `(?i)` in front ignores case.',
    example: 'regexReplace("+49 (0)30-1234", "[^0-9+]", "")', result: '+490301234',
    prepare: ([, pattern]) => checkRegex(pattern), run: (value: string, pattern: string, by: string) => regex(pattern).replace(value, by),
  },
  {
    name: 'regexMatch', group: 'Text', signature: 'regexMatch(value: text, pattern: text): boolean',
    description: 'Whether a regular expression matches somewhere; `^` and `$` tie it to the ends. The same as `matches`.',
    example: 'regexMatch("E-1042", "^E-[0-9]+$")', result: true,
    prepare: ([, pattern]) => checkRegex(pattern), run: (value: string, pattern: string) => regex(pattern).test(value),
  },
  {
    name: 'matches', group: 'Text', signature: 'matches(value: text, pattern: text): boolean', description: 'CEL\'s own name for `regexMatch`.',
    example: '"E-1042".matches("[0-9]{4}")', result: true,
    prepare: ([, pattern]) => checkRegex(pattern), run: (value: string, pattern: string) => regex(pattern).test(value),
  },
  {
    name: 'split', group: 'Text', signature: 'split(value: text, separator: text): list', description: 'The parts between separators, without spaces at their ends.',
    example: 'split("Sales; Export", ";")', result: ['Sales', 'Export'],
    run: (value: string, separator: string) => value.split(separator).map((part) => part.trim()),
  },
  {
    name: 'join', group: 'Text', signature: 'join(values: list, separator?: text): text', description: 'One text of several; empty ones are left out.',
    example: 'join(["Ada", null, "Lovelace"], " ")', result: 'Ada Lovelace',
    run: (values: unknown[], separator = '') => values.filter((value) => !isEmpty(value)).map(text).join(separator),
  },
  {
    name: 'before', group: 'Text', signature: 'before(value: text, mark: text): text', description: 'What stands before the first mark; all of it where there is none.',
    example: 'before("ada@example.org", "@")', result: 'ada',
    run: (value: string, mark: string) => (value.includes(mark) ? value.slice(0, value.indexOf(mark)) : value),
  },
  {
    name: 'after', group: 'Text', signature: 'after(value: text, mark: text): text', description: 'What stands after the first mark; nothing where there is none.',
    example: 'after("ada@example.org", "@")', result: 'example.org',
    run: (value: string, mark: string) => (value.includes(mark) ? value.slice(value.indexOf(mark) + mark.length) : null),
  },
  {
    name: 'contains', group: 'Text', signature: 'contains(value: anything, part: anything): boolean', description: 'Whether a text has a part, or a list an item.',
    example: 'contains("Sales EMEA", "EMEA")', result: true,
    run: (value: unknown, part: unknown) => {
      if (isList(value)) return value.some((item) => same(item, part))
      if (isMap(value)) throw new Unfit(value, 'a text or a list')
      return text(value).includes(text(part))
    },
  },
  {
    name: 'startsWith', group: 'Text', signature: 'startsWith(value: text, part: text): boolean', description: 'Whether a text starts with another.',
    example: 'startsWith("EXT-17", "EXT-")', result: true, run: (value: string, part: string) => value.startsWith(part),
  },
  {
    name: 'endsWith', group: 'Text', signature: 'endsWith(value: text, part: text): boolean', description: 'Whether a text ends with another.',
    example: '"ada@example.org".endsWith("example.org")', result: true, run: (value: string, part: string) => value.endsWith(part),
  },
  {
    name: 'length', group: 'Text', signature: 'length(value: anything): int', description: 'How many characters a text has, or items a list.',
    example: 'length("Zoë")', result: 3, run: length,
  },
  {
    name: 'size', group: 'Text', signature: 'size(value: anything): int', description: 'CEL\'s own name for `length`.',
    example: 'size([1, 2])', result: 2, run: length,
  },
  {
    name: 'padLeft', group: 'Text', signature: 'padLeft(value: text, length: int, fill?: text): text', description: 'Filled up in front to a length, with 0 unless said otherwise.',
    example: 'padLeft("42", 6)', result: '000042', run: (value: string, size: number, fill = '0') => value.padStart(Math.min(size, 1000), fill),
  },
  {
    name: 'padRight', group: 'Text', signature: 'padRight(value: text, length: int, fill?: text): text', description: 'Filled up at the end to a length, with spaces unless said otherwise.',
    example: 'padRight("ab", 4, ".")', result: 'ab..', run: (value: string, size: number, fill = ' ') => value.padEnd(Math.min(size, 1000), fill),
  },
  {
    name: 'hash', group: 'Text', signature: 'hash(value: text): text', description: 'SHA-256 in hexadecimal: the same for the same text, and no way back.',
    example: 'left(hash("E-1042"), 8)', result: '9d8dda8a', run: sha256,
  },
]

function length(value: unknown): number {
  if (isList(value)) return value.length
  if (isMap(value)) return value.size
  const all = text(value)
  return hasPairs(all) ? [...all].length : all.length
}

/** From one character up to another one, as `slice` has it. Characters are code points, so that none is cut in half. */
function part(value: string, from: number, to?: number): string {
  return hasPairs(value) ? [...value].slice(from, to).join('') : value.slice(from, to)
}

/** Whether some of its characters take two places each. */
function hasPairs(value: string): boolean {
  return /[\ud800-\udfff]/.test(value)
}

function atLeast(count: number): number {
  if (count < 0) throw new Unfit(count, 'a count from 0 on')
  return count
}

// Compiled expressions live on in memory; most patterns are written out and few.
const known = new Map<string, Regex>()

function regex(pattern: string): Regex {
  let found = known.get(pattern)
  if (found === undefined) {
    try {
      found = compileRegex(pattern)
    } catch (error) {
      throw error instanceof RegexInvalid ? new Unfit(pattern, 'a regular expression without back references and look-around') : error
    }
    if (known.size >= 1000) known.clear()
    known.set(pattern, found)
  }
  return found
}

function checkRegex(pattern: unknown): void {
  if (typeof pattern === 'string') compileRegex(pattern)
}
