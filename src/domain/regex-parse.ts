/**
 * Regular expressions of RE2's kind: what needs backtracking (back references, look-around) is refused.
 * Parsing gives a small program for `regex.ts`.
 */

export type Test = (code: number) => boolean
export type Instruction =
  | { op: 'char'; test: Test }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; at: 'start' | 'end' | 'boundary' | 'no-boundary' }
  | { op: 'match' }

export interface Program {
  instructions: Instruction[]
  /** Capturing groups, the whole match included. */
  groups: number
  /** How many ways a backtracking search could have to try in a text of n characters: `ways` × n^`degree`; null: no such bound. */
  cost: Cost | null
}

export interface Cost {
  ways: number
  degree: number
}

type Node =
  | { is: 'char'; test: Test }
  | { is: 'assert'; at: 'start' | 'end' | 'boundary' | 'no-boundary' }
  | { is: 'sequence'; nodes: Node[] }
  | { is: 'either'; nodes: Node[] }
  | { is: 'repeat'; node: Node; min: number; max: number; lazy: boolean }
  | { is: 'group'; node: Node; slot: number }

const maxInstructions = 4000
const repetition = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/

export class RegexInvalid extends Error {}

export const isWord: Test = (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122)
const isDigit: Test = (c) => c >= 48 && c <= 57
const isSpace: Test = (c) => c === 32 || (c >= 9 && c <= 13) || (c > 127 && /\s/u.test(String.fromCodePoint(c)))
const isLineEnd: Test = (c) => c === 10 || c === 13 || c === 0x2028 || c === 0x2029
const not = (test: Test): Test => (c) => !test(c)
const classes: Record<string, Test> = { d: isDigit, w: isWord, s: isSpace, D: not(isDigit), W: not(isWord), S: not(isSpace) }
const controls: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 }

export function parseRegex(pattern: string): Program {
  const flags = /^\(\?([is]+)\)/.exec(pattern)
  const ignoreCase = flags?.[1]?.includes('i') ?? false
  const dotAll = flags?.[1]?.includes('s') ?? false
  let at = flags?.[0].length ?? 0
  let groups = 1

  const node = either()
  if (at < pattern.length) fail('there is a ) too many')
  const instructions: Instruction[] = []
  emit({ is: 'group', node, slot: 0 })
  push({ op: 'match' })
  const cost = costOf(node)
  const anchored = node.is === 'sequence' && node.nodes[0]?.is === 'assert' && node.nodes[0].at === 'start'
  return { instructions, groups, cost: cost && { ways: cost.ways, degree: cost.degree + (anchored ? 0 : 1) } }

  function either(): Node {
    const nodes = [sequence()]
    while (pattern[at] === '|') {
      at++
      nodes.push(sequence())
    }
    return nodes.length === 1 ? nodes[0]! : { is: 'either', nodes }
  }

  function sequence(): Node {
    const nodes: Node[] = []
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') nodes.push(repeated(atom()))
    return { is: 'sequence', nodes }
  }

  function repeated(node: Node): Node {
    const found = repetition.exec(pattern.slice(at, at + 16))
    if (found === null) return node
    if (node.is === 'assert') fail('nothing to repeat')
    at += found[0].length
    const [min, max] = found[0] === '*' ? [0, Infinity] : found[0] === '+' ? [1, Infinity] : found[0] === '?' ? [0, 1]
      : [Number(found[1]), found[2] === undefined ? Number(found[1]) : found[3] === '' ? Infinity : Number(found[3])]
    if (min > 1000 || (max !== Infinity && max > 1000) || min > max) fail(`the repetition ${found[0]} is not possible`)
    const lazy = pattern[at] === '?'
    if (lazy) at++
    if (pattern[at] === '+') fail('possessive repetitions are not offered')
    if (repetition.test(pattern.slice(at, at + 16))) fail('nothing to repeat')
    return { is: 'repeat', node, min, max, lazy }
  }

  function atom(): Node {
    const char = pattern[at]!
    if (char === '(') return group()
    if (char === '[') return { is: 'char', test: set() }
    if (char === '*' || char === '+' || char === '?') fail('nothing to repeat')
    if (char === '\\') return escape()
    at++
    if (char === '^') return { is: 'assert', at: 'start' }
    if (char === '$') return { is: 'assert', at: 'end' }
    if (char === '.') return { is: 'char', test: dotAll ? () => true : not(isLineEnd) }
    at--
    return { is: 'char', test: exactly(codePoint()) }
  }

  function group(): Node {
    at++
    let slot = -1
    if (pattern[at] === '?') {
      const kind = /^\?(:|P?<[A-Za-z_]\w*>)/.exec(pattern.slice(at))
      if (kind === null) fail('look-around and inner flags are not offered')
      else {
        at += kind[0].length
        if (kind[1] !== ':') slot = groups++
      }
    } else slot = groups++
    const inner = either()
    if (pattern[at] !== ')') fail('a ) is missing')
    at++
    return slot < 0 ? inner : { is: 'group', node: inner, slot }
  }

  function escape(): Node {
    const next = pattern[at + 1]
    if (next === 'b' || next === 'B') {
      at += 2
      return { is: 'assert', at: next === 'b' ? 'boundary' : 'no-boundary' }
    }
    if (next !== undefined && next >= '1' && next <= '9' || next === 'k') fail('back references are not offered')
    return { is: 'char', test: escaped() }
  }

  /** After a backslash, in a class or outside. */
  function escaped(): Test {
    const next = pattern[at + 1]
    if (next === undefined) fail('it ends with a \\')
    at += 2
    const named = classes[next!]
    if (named !== undefined) return named
    if (next === 'p' || next === 'P') {
      const property = /^(?:\{([A-Za-z_=]+)\}|([A-Z]))/.exec(pattern.slice(at))
      if (property === null) fail('after \\p comes {L}, {Lu} or the like')
      at += property![0].length
      const test = unicode(property![1] ?? property![2]!)
      return next === 'p' ? test : not(test)
    }
    at -= 2
    return exactly(escapedCode())
  }

  function escapedCode(): number {
    const next = pattern[at + 1]!
    const hex = /^\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|[xu]\{([0-9A-Fa-f]{1,6})\})/.exec(pattern.slice(at, at + 12))
    if (hex !== null) {
      at += hex[0].length
      return Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16)
    }
    at++
    if (controls[next] !== undefined) {
      at++
      return controls[next]
    }
    if (/[A-Za-z0-9]/.test(next)) fail(`\\${next} is not known`)
    return codePoint()
  }

  function set(): Test {
    const negated = pattern[++at] === '^'
    if (negated) at++
    const tests: Test[] = []
    for (let first = true; first || pattern[at] !== ']'; first = false) {
      if (at >= pattern.length) fail('a ] is missing')
      const posix = /^\[:(\w+):\]/.exec(pattern.slice(at, at + 12))
      if (posix !== null) fail('classes such as [:alpha:] are not offered; write \\p{L}')
      if (pattern[at] === '\\' && /[dwsDWSpP]/.test(pattern[at + 1] ?? '')) {
        tests.push(escaped())
        continue
      }
      const from = pattern[at] === '\\' ? escapedCode() : codePoint()
      let to = from
      if (pattern[at] === '-' && pattern[at + 1] !== ']' && at + 1 < pattern.length) {
        at++
        to = pattern[at] === '\\' ? escapedCode() : codePoint()
        if (to < from) fail('a range in [ ] runs backwards')
      }
      tests.push(between(from, to))
    }
    at++
    const any: Test = tests.length === 1 ? tests[0]! : (c) => tests.some((test) => test(c))
    return negated ? not(any) : any
  }

  function codePoint(): number {
    const code = pattern.codePointAt(at)!
    at += code > 0xffff ? 2 : 1
    return code
  }

  function exactly(code: number): Test {
    return between(code, code)
  }

  function between(from: number, to: number): Test {
    if (!ignoreCase) return from === to ? (c) => c === from : (c) => c >= from && c <= to
    return (c) => (c >= from && c <= to) || otherCases(c).some((other) => other >= from && other <= to)
  }

  function emit(node: Node): void {
    if (node.is === 'char') push({ op: 'char', test: node.test })
    else if (node.is === 'assert') push({ op: 'assert', at: node.at })
    else if (node.is === 'sequence') node.nodes.forEach(emit)
    else if (node.is === 'group') {
      push({ op: 'save', slot: node.slot * 2 })
      emit(node.node)
      push({ op: 'save', slot: node.slot * 2 + 1 })
    } else if (node.is === 'either') emitEither(node.nodes)
    else emitRepeat(node)
  }

  function emitEither(nodes: Node[]): void {
    const jumps: { op: 'jump'; to: number }[] = []
    for (const [index, branch] of nodes.entries()) {
      if (index === nodes.length - 1) {
        emit(branch)
        continue
      }
      const split = { op: 'split' as const, first: instructions.length + 1, second: 0 }
      push(split)
      emit(branch)
      const jump = { op: 'jump' as const, to: 0 }
      jumps.push(jump)
      push(jump)
      split.second = instructions.length
    }
    for (const jump of jumps) jump.to = instructions.length
  }

  function emitRepeat({ node, min, max, lazy }: Node & { is: 'repeat' }): void {
    for (let i = 0; i < min; i++) emit(node)
    const open: { first: number; second: number }[] = []
    const branch = (): { op: 'split'; first: number; second: number } => {
      const split = { op: 'split' as const, first: instructions.length + 1, second: instructions.length + 1 }
      push(split)
      open.push(split)
      return split
    }
    if (max === Infinity) {
      const loop = instructions.length
      branch()
      emit(node)
      push({ op: 'jump', to: loop })
    } else for (let i = min; i < max; i++) {
      branch()
      emit(node)
    }
    for (const split of open) split[lazy ? 'first' : 'second'] = instructions.length
  }

  function push(instruction: Instruction): void {
    if (instructions.length >= maxInstructions) fail('it is too large')
    instructions.push(instruction)
  }

  function fail(why: string): never {
    throw new RegexInvalid(`The regular expression ${JSON.stringify(pattern)} cannot be used: ${why}.`)
  }
}

function costOf(node: Node): Cost | null {
  if (node.is === 'char' || node.is === 'assert') return { ways: 1, degree: 0 }
  if (node.is === 'group') return costOf(node.node)
  if (node.is === 'repeat') {
    if (node.node.is !== 'char') return null
    return node.max === Infinity ? { ways: 1, degree: 1 } : { ways: node.max - node.min + 1, degree: 0 }
  }
  const total = { ways: 1, degree: 0 }
  for (const part of node.nodes.map(costOf)) {
    if (part === null) return null
    total.ways *= part.ways
    total.degree += part.degree
  }
  return node.is === 'either' ? { ...total, ways: total.ways * node.nodes.length } : total
}

function otherCases(code: number): number[] {
  const char = String.fromCodePoint(code)
  return [char.toLowerCase(), char.toUpperCase()].map((other) => other.codePointAt(0)!)
}

function unicode(property: string): Test {
  let known: RegExp
  try {
    known = new RegExp(`^\\p{${property}}$`, 'u')
  } catch {
    throw new RegexInvalid(`\\p{${property}} is not known.`)
  }
  return (c) => known.test(String.fromCodePoint(c))
}
